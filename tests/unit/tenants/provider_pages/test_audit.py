"""Whatever is changed on the provider's pages is in the audit: who, when, what."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from pbx_web.login import pages as login
from pbx_web.page import Action
from pbx_web.provider.pages import ALL
from sqlalchemy import insert, update

from pbx_connector.api import application
from pbx_connector.tenants.tables import migration, schedule

from .conftest import API, FILES, Pages

CHANGING = [action.path for action in ALL if isinstance(action, Action) and action not in login.PAGES]
"""Log-ins have tests of their own."""


def second_version(pages: Pages) -> None:
    files = application.uploads.files_of_texts(FILES | {"staff.csv": "Id;Name;Phone\n"})
    application.publishing.publish(pages.fleet, application.publishing.upload(pages.fleet, "acme", files, who="git"))


def quarantine(pages: Pages) -> None:
    with pages.fleet.control.write() as connection:
        connection.execute(update(schedule).values(state="quarantined"))


def failed_migration(pages: Pages) -> None:
    with pages.fleet.control.write() as connection:
        failed = {"tenant": "acme", "wanted": "9", "reached": "8", "state": "failed", "error": "x", "started": 1.0}
        connection.execute(insert(migration).values(failed))


def key(pages: Pages) -> None:
    application.tenants.new_key(pages.fleet.config.keys)


def nothing(_: Pages) -> None:
    return


Step = tuple[str, dict[str, Any], Callable[[Pages], None]]
STEPS: list[Step] = [
    ("/tenants/add", {"id": "dyes"}, nothing),
    ("/tenants/{tenant}/publish", {"files": FILES}, nothing),
    ("/tenants/{tenant}/versions/{number}/rollback", {}, second_version),
    ("/tenants/{tenant}/profiles/{profile}/run", {}, nothing),
    ("/tenants/{tenant}/profiles/{profile}/release", {}, quarantine),
    ("/tenants/{tenant}/secrets/set", {"name": "crm", "value": "x"}, key),
    ("/tenants/{tenant}/secrets/remove", {"name": "crm"}, nothing),
    ("/tenants/{tenant}/hosts/add", {"name": "a.example"}, nothing),
    ("/tenants/{tenant}/enter", {}, nothing),
    ("/tenants/{tenant}/hosts/remove", {"name": "a.example"}, nothing),
    ("/tenants/{tenant}/members/set", {"user": "bob", "role": "editor"}, nothing),
    ("/tenants/{tenant}/members/remove", {"user": "bob"}, nothing),
    ("/tenants/{tenant}/migrate", {}, failed_migration),
    ("/tenants/{tenant}/suspend", {}, nothing),
    ("/tenants/{tenant}/resume", {}, nothing),
    ("/tenants/{tenant}/remove", {"confirm": "acme"}, nothing),
    ("/users/add", {"name": "joe", "role": "reader"}, nothing),
    ("/users/{user}/change", {"role": "admin"}, nothing),
    ("/users/{user}/disable", {}, nothing),
    ("/users/{user}/enable", {}, nothing),
    ("/users/{user}/link", {}, nothing),
    ("/users/{user}/remove", {}, nothing),
]


@pytest.mark.usefixtures("engine")
def test_every_change_is_noted_with_who_when_and_what(pages: Pages) -> None:
    assert sorted(path for path, _, _ in STEPS) == sorted(CHANGING), "a new one needs a step here"
    with pages.client() as client:
        for path, form, prepare in STEPS:
            prepare(pages)
            before = len(pages.users.audit())
            filled = path.format(tenant="acme", number=1, profile="staff", user="joe")
            answer = client.post(f"{API}{filled}", json=form)
            assert answer.status_code == 200, (path, answer.text)
            new = pages.users.audit()[: len(pages.users.audit()) - before]
            assert [(record.user, bool(record.action), bool(record.target)) for record in new] == [
                ("ann", True, True)
            ], path
            assert new[0].time
            assert datetime.now(UTC) - new[0].time < timedelta(minutes=5)


def test_each_action_of_the_audit_is_noted_somewhere() -> None:
    sources = [Path(str(files(package))) for package in ("pbx_web", "pbx_connector")]
    text = "\n".join(file.read_text("utf-8") for folder in sources for file in folder.rglob("*.py"))
    noted = set(re.findall(r"AuditAction\.([A-Z_]+)", text))
    assert sorted({action.name for action in application.audit.AuditAction} - noted) == []
