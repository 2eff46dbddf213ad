"""The directory and the organisational contacts: who is in them, by which settings, and who is gone."""

from __future__ import annotations

from typing import Any

import pytest
from pbx_microsoft365.probe import test_connection as probe

from pbx_connector.api import Book, Row, SourceContext, SourceError

from .conftest import Office, rows_of

PHONE_USERS = "60402b4b-46f8-5f06-a7cf-4b3b7d9e8075"
NOBODYS = "00000000-0000-0000-0000-000000000000"


def names(office: Office, **changes: Any) -> set[str]:
    """Of whoever is in the only book."""
    office.fields = frozenset(("DisplayName",))
    (rows,) = office.read(personal=False, **changes).values()
    return {str(row.values["DisplayName"]) for row in rows}


def directory(office: Office, **changes: Any) -> set[str]:
    return names(office, directory=changes or True)


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({}, set()),
        ({"guests": True}, {"Fern Partner"}),
        ({"disabled": True}, {"Erik Alt (left)", "Meeting room Aquarium", "Sales (shared mailbox)"}),
        ({"hidden": True, "without_numbers": True}, {"Phone System", "Scanner (service account)"}),
        ({"hidden": True}, set()),
    ],
)
def test_the_directory_is_people_with_numbers_and_whom_the_settings_add(
    office: Office, changes: dict[str, bool], more: set[str]
) -> None:
    assert directory(office, **changes) == {"Anna Berg", "Ben O'Hara", "Chloé Müller", "Dora Klein"} | more


def test_a_person_with_a_number_may_be_hidden(office: Office) -> None:
    people = office.sandbox.state.directory
    people.update(people.user("ben.o.hara@example.com"), showInAddressList=False)
    assert "Ben O'Hara" not in directory(office)
    assert "Ben O'Hara" in directory(office, hidden=True)


@pytest.mark.parametrize("group", [PHONE_USERS, "phone.users@example.com", " Phone.Users@example.com "])
def test_a_group_is_its_members_at_any_depth(office: Office, group: str) -> None:
    assert directory(office, groups=[group]) == {"Anna Berg", "Ben O'Hara", "Dora Klein"}
    assert names(office, org_contacts={"groups": [group]}) == {"Kanzlei Recht & Ordnung"}


@pytest.mark.parametrize("group", [NOBODYS, "nobody@example.com"])
def test_a_group_that_does_not_exist_is_named_and_empties_nothing(office: Office, group: str) -> None:
    with pytest.raises(SourceError, match="no such user or group") as failure:
        directory(office, groups=[group])
    assert group in failure.value.message


def test_the_connection_test_tries_the_groups(office: Office) -> None:
    settings = office.settings(personal=False, directory={"groups": [PHONE_USERS, "nobody@example.com"]})
    checks = {check.step: check for check in probe(settings, SourceContext(office.accounts, office.fields))}
    assert checks[f"group {PHONE_USERS}"].detail == "its members can be read"
    missing = checks["group nobody@example.com"].problem
    assert missing is not None
    assert missing.code == "G0314"


def test_who_is_deleted_or_leaves_the_group_is_gone_and_nobody_else(office: Office) -> None:
    people = office.sandbox.state.directory
    with office.open(personal=False, directory={"groups": [PHONE_USERS]}) as source:
        (book,) = (book for book in source.books() if isinstance(book, Book))
        keys = {row.values["DisplayName"]: row.key for row in rows_of(source, book) if isinstance(row, Row)}
        people.entries[PHONE_USERS].members = [one for one in people.all("group") if one.id != PHONE_USERS]
        people.delete(people.user("ben.o.hara@example.com"))
        gone = set(source.confirm_gone(book, list(keys.values())))
    assert gone == {keys["Anna Berg"], keys["Ben O'Hara"]}
