"""A draft is saved when asked to, merged with what somebody else wrote, and never over it."""

from __future__ import annotations

import httpx
import pytest
from pbx_web.permissions import Role

from .conftest import PROFILE, Running
from .filled import Filled, send
from .opened_profile import opened, text_of


@pytest.fixture
def client(running: Running) -> httpx.Client:
    return running.client(Role.EDITOR)


# --- saving ----------------------------------------------------------------------------------------------------------


def test_a_draft_is_saved_when_asked_to_and_not_before(client: httpx.Client, running: Running) -> None:
    file = running.profiles / "customers.yaml"
    page = send(client, opened(client, "basic"), set__title="Kunden")
    assert file.read_text() == PROFILE
    assert "not saved yet" in page.text
    page = send(client, page, do="save")
    assert file.read_text() == PROFILE.replace('"Customers"', '"Kunden"')
    assert "not saved yet" not in page.text
    page = send(client, page, do="save", set__title="Kunden 2")
    assert 'title: "Kunden 2"' in file.read_text()


def test_a_profile_with_mistakes_is_saved_only_after_a_confirmation(client: httpx.Client, running: Running) -> None:
    file = running.profiles / "customers.yaml"
    page = send(client, opened(client, "variables"), do="save", rule__1__text="phon([Phone])")
    assert page.status_code == 422
    assert "save-broken" in Filled(page.text).buttons
    assert file.read_text() == PROFILE
    page = send(client, page, do="save-broken")
    assert page.status_code == 200
    assert "Saved with mistakes" in page.text
    assert "phon([Phone])" in file.read_text()


def test_a_file_that_somebody_changed_meanwhile_is_merged_and_not_overwritten(
    client: httpx.Client, running: Running
) -> None:
    file = running.profiles / "customers.yaml"
    page = send(client, opened(client, "basic"), set__title="Kunden")
    theirs = PROFILE.replace("region: DE", "region: AT")
    file.write_text(theirs)
    page = send(client, page, do="save")
    assert page.status_code == 409
    assert file.read_text() == theirs
    assert "+region: AT" in page.text
    page = send(client, page, do="save")
    assert page.status_code == 200
    assert file.read_text() == theirs.replace('"Customers"', '"Kunden"')


def test_what_both_changed_stands_there_twice_and_cannot_be_saved_unseen(
    client: httpx.Client, running: Running
) -> None:
    file = running.profiles / "customers.yaml"
    page = send(client, opened(client, "basic"), set__title="Kunden")
    theirs = PROFILE.replace('"Customers"', '"Clients"')
    file.write_text(theirs)
    page = send(client, page, do="save")
    assert page.status_code == 409
    draft = text_of(page)
    assert "<<<<<<<" in draft
    assert '"Kunden"' in draft
    assert '"Clients"' in draft
    page = send(client, page, do="save")
    assert page.status_code == 422
    assert file.read_text() == theirs
    page = send(client, page, do="save", source=PROFILE.replace('"Customers"', '"Both"'))
    assert page.status_code == 200
    assert file.read_text() == PROFILE.replace('"Customers"', '"Both"')


def test_a_file_that_is_gone_can_be_written_again(client: httpx.Client, running: Running) -> None:
    file = running.profiles / "customers.yaml"
    page = send(client, opened(client, "basic"), set__title="Kunden")
    file.unlink()
    page = send(client, page, do="save")
    assert page.status_code == 409
    assert not file.exists()
    assert 'value="Kunden"' in page.text
    page = send(client, page, do="write-again")
    assert page.status_code == 200
    assert 'title: "Kunden"' in file.read_text()


def test_writing_again_does_not_overwrite_what_came_meanwhile(client: httpx.Client, running: Running) -> None:
    file = running.profiles / "customers.yaml"
    page = opened(client, "basic")
    file.write_text("title: another\n")
    page = send(client, page, do="write-again")
    assert page.status_code == 422
    assert "exists already" in page.text
    assert file.read_text() == "title: another\n"
