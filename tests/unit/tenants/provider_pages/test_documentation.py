"""The examples of docs/providers.md for programs, typed as they stand."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from pbx_connector.api import Role, application

from .conftest import FILES, Pages

PAGE = Path(__file__).parents[4] / "docs" / "providers.md"
ADDRESS = "https://provider.example.com:8443"
PASSWORD = "correct horse battery"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "here"
    (made / "fleet/acme/profiles").mkdir(parents=True)
    for path, content in FILES.items():
        (made / "fleet/acme" / path).write_text(content)
    (made / "password").write_text(PASSWORD)
    (made / "token.txt").write_text("the-token-of-acme")
    return made


def test_the_examples_for_programs_do_what_they_say(pages: Pages, folder: Path) -> None:
    application.tenants.remove(pages.fleet, "acme")
    application.tenants.new_key(pages.fleet.config.keys)
    digest = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    application.users.add_user(pages.users, "robot", Role.ADMIN, password=digest)
    scripts = re.findall(r"<!-- shell -->\n```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(scripts) == 4
    script = "\n".join(["set -eu", *scripts]).replace("ask -", "ask -f -").replace(ADDRESS, pages.url)
    done = subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [action for _, action, _ in pages.done()] == [
        "log-in",
        "tenant added",
        "published",
        "published",
        "rolled back",
        "secret set",
        "host name added",
        "member set",
        "tenant suspended",
        "tenant resumed",
        "tenant removed",
    ]
    assert "the-token-of-acme" not in done.stdout
    assert application.tenants.find(pages.fleet, "acme") is None
