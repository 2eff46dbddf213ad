"""schemathesis reads Graph's schema and asks for everything in it that reads, with every option it can think of."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from .conftest import HERE, MAILBOX, SCHEMA

CHECKS = "not_a_server_error,content_type_conformance,response_schema_conformance,status_code_conformance"
LEFT_OUT = "subscriptions|oauth2"
"""Subscriptions are not built; tokens have an address of their own, and MSAL as their judge."""
NEVER_ANSWERED = re.compile(r"/photo|/manager$|^GET /me\b|/\$batch$|/translateExchangeIds$")
"""Nobody has a photo, the person asked about no manager, an app is no user, and two addresses are asked by POST."""
CONFIGURATION = """
[generation]
allow-extra-parameters = false

[checks.not_a_server_error]
expected-statuses = ["2xx", "4xx", 501]  # what Graph says of properties that no list has

[parameters]
"""


@pytest.mark.skipif(not SCHEMA.exists(), reason="needs ../shared/graph-schema beside the repository")
def test_it_finds_nothing(sandbox: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(_configured(sandbox))
    signed_in = ("--header", f"Authorization:Bearer {sandbox['token']}", "--tls-verify", sandbox["ca_file"])
    about = ("--exclude-path-regex", LEFT_OUT, "--phases", "coverage,fuzzing", "--max-examples", "30")
    how = ("--checks", CHECKS, "--seed", "1", "--continue-on-failure", "--suppress-health-check", "all", "--no-color")
    command = (Path(sys.executable).parent / "st", "run", SCHEMA, "--url", sandbox["url"], *signed_in, *about, *how)
    told = {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE), "JUDGED": str(tmp_path / "judged")}
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout[-20_000:]
    asked = [line.split(" ", 1) for line in (tmp_path / "judged").read_text().splitlines() if " GET " in line]
    refused = {target for _, target in asked} - {target for status, target in asked if status.startswith("2")}
    assert sorted(target for target in refused if not NEVER_ANSWERED.search(target)) == []


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
    return CONFIGURATION + "".join(f"{json.dumps(f'path.{name}')} = {json.dumps(one)}\n" for name, one in ids.items())


def _first(sandbox: dict[str, Any], target: str) -> str:
    answer = requests.get(
        f"{sandbox['url']}/{target}", headers={"Authorization": f"Bearer {sandbox['token']}"}, timeout=20
    )
    return str(answer.json()["value"][0]["id"])
