"""schemathesis reads Graph's schema and asks for everything in it that reads, with every option it can think of."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from .conftest import MAILBOX, SCHEMA

CHECKS = "not_a_server_error,content_type_conformance,response_schema_conformance,status_code_conformance"
LEFT_OUT = "subscriptions|oauth2"
"""Subscriptions are not built; tokens have an address of their own, and MSAL as their judge."""


@pytest.mark.skipif(not SCHEMA.exists(), reason="needs ../shared/graph-schema beside the repository")
@pytest.mark.parametrize("phase", ["coverage", "fuzzing"])
def test_it_finds_nothing(sandbox: dict[str, Any], tmp_path: Path, phase: str) -> None:
    (tmp_path / "schemathesis.toml").write_text(_configured(sandbox))
    signed_in = ("--header", f"Authorization:Bearer {sandbox['token']}", "--tls-verify", sandbox["ca_file"])
    about = ("--exclude-path-regex", LEFT_OUT, "--phases", phase, "--max-examples", "20", "--checks", CHECKS)
    how = ("--seed", "1", "--workers", "4", "--continue-on-failure", "--suppress-health-check", "all", "--no-color")
    command = (Path(sys.executable).parent / "st", "run", SCHEMA, "--url", sandbox["url"], *signed_in, *about, *how)
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-20_000:]


def _configured(sandbox: dict[str, Any]) -> str:
    """Ids that there are: made up ones would only ever be unknown."""
    contacts = f"users/{MAILBOX}/contactFolders/contacts/contacts"
    ids = {
        "user-id": MAILBOX,
        "contactFolder-id": "contacts",
        "contact-id": _first(sandbox, contacts),
        "group-id": _first(sandbox, "groups"),
        "orgContact-id": _first(sandbox, "contacts"),
    }
    return "[parameters]\n" + "".join(
        f"{json.dumps(f'path.{name}')} = {json.dumps(one)}\n" for name, one in ids.items()
    )


def _first(sandbox: dict[str, Any], target: str) -> str:
    answer = requests.get(
        f"{sandbox['url']}/{target}", headers={"Authorization": f"Bearer {sandbox['token']}"}, timeout=20
    )
    return str(answer.json()["value"][0]["id"])
