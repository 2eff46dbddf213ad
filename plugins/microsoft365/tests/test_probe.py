"""The connection test names the step that fails, the permission that is missing, and where it is granted."""

from __future__ import annotations

from typing import Any

import pytest
from pbx_microsoft365.probe import test_connection as probe

from pbx_connector.api import Account, Check, SourceContext

from .conftest import Office


def steps(office: Office, **changes: Any) -> dict[str, Check]:
    checks = list(probe(office.settings(**changes), SourceContext(office.accounts, office.fields)))
    return {check.step: check for check in checks}


def codes(checks: dict[str, Check]) -> dict[str, str]:
    return {step: check.problem.code for step, check in checks.items() if check.problem}


def test_every_step_says_what_it_found(office: Office) -> None:
    found = steps(office, shared={"owners": ["sales@example.com"]}, directory=True, org_contacts=True)
    assert codes(found) == {}
    assert list(found) == [
        "sign-in",
        "Microsoft Graph",
        "contacts of account anna",
        "contacts of account ben",
        "contacts of account chloe",
        "shared mailboxes",
        "directory",
        "organisational contacts",
    ]
    assert found["contacts of account anna"].detail == "folders with contacts: 2"


@pytest.mark.parametrize(
    ("changes", "code"), [({"tenant": "nowhere.example"}, "G0214"), ({"client_id": "nobody"}, "G0213")]
)
def test_it_ends_where_nothing_else_can_be_tried(office: Office, changes: dict[str, str], code: str) -> None:
    assert codes(steps(office, **changes)) == {"sign-in": code}


def test_a_wrong_secret_and_one_that_expired_are_told_apart(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.sandbox.application.secret_expired = True
    assert codes(steps(office)) == {"sign-in": "G0210"}
    monkeypatch.setenv("GRAPH_SECRET", "wrong")
    assert codes(steps(office)) == {"sign-in": "G0211"}


def test_permissions_are_tried_one_by_one(office: Office) -> None:
    permissions = office.sandbox.application.permissions
    permissions.discard("OrgContact.Read.All")
    assert codes(steps(office, org_contacts=True)) == {"organisational contacts": "G0305"}
    permissions -= {"Contacts.Read", "Contacts.ReadWrite"}
    found = codes(steps(office))
    assert set(found.values()) == {"G0301"}
    assert len(found) == 3
    permissions.clear()
    assert codes(steps(office)) == {"Microsoft Graph": "G0305"}


def test_an_account_without_a_mailbox_is_a_problem_of_its_own(office: Office) -> None:
    office.accounts.append(Account("door", "door", "door@example.com"))
    assert list(codes(steps(office)).values()) == ["G0302"]
    assert codes(steps(office, personal={"skip_accounts": ["door"]})) == {}


def test_a_pattern_that_matches_nothing_is_named(office: Office) -> None:
    found = codes(steps(office, personal={"exclude": ["/Contacts/Freinds"]}))
    assert list(found.values()) == ["G0603"]
