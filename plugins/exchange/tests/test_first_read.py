"""What a first read costs, and that no change gets lost while the server's state of a folder catches up with it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable

import pytest
from pbx_exchange import delta, folder_reader
from pbx_exchange.delta import Checkpoint, read_checkpoint
from pbx_exchange.sandbox.faults import Fault

from pbx_connector.api import End, Gone, Row, StreamItem, Unchanged

from .conftest import Middleman, Office, Passing, find_book
from .test_delta import ANNA, TITLE, open_personal, read

FULL_OF = 250


@pytest.fixture
def small_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten changes or twenty contacts to a request, so that a small folder counts as a large one."""
    monkeypatch.setattr(delta, "AT_ONCE", 10)
    monkeypatch.setattr(folder_reader, "PAGE", 20)


def fill(office: Office, contacts: int) -> None:
    """Anna's own folder, up to so many."""
    state = office.sandbox.state
    folder = state.contacts(ANNA)
    for number in range(contacts - len(folder.items)):
        state.add(folder, DisplayName=f"Friend {number}")


def apply(view: dict[str, str], items: Iterable[StreamItem], end: End) -> dict[str, str]:
    """The versions that a phone book holds after a run; one that `Gone` or a full list leaves out is removed."""
    told: dict[str, str] = {}
    for item in items:
        if isinstance(item, Row):
            told[item.key] = item.version
        elif isinstance(item, Unchanged):
            told[item.key] = view[item.key]
    gone = {item.key for item in items if isinstance(item, Gone)}
    kept = {} if end.full else {key: version for key, version in view.items() if key not in gone}
    return kept | told


@pytest.mark.usefixtures("small_requests")
@pytest.mark.parametrize(("contacts", "pages"), [(3, 1), (20, 1), (21, 2), (FULL_OF, 13)])
def test_a_first_read_costs_one_request_more_than_a_list(office: Office, contacts: int, pages: int) -> None:
    fill(office, contacts)
    with open_personal(office) as source:
        book = find_book(source, TITLE)
        office.sandbox.requests.clear()
        items, end = read(source, book)
    assert (len(items), end.full) == (contacts, True)
    assert office.sandbox.requests.count() == {"FindItem": pages, "SyncFolderItems": 1}


@pytest.mark.usefixtures("small_requests")
def test_later_runs_list_until_the_state_has_caught_up_and_then_tell_changes(office: Office) -> None:
    fill(office, FULL_OF)
    state, view, syncs, full = office.sandbox.state, dict[str, str](), [], []
    end = End(None, full=True)
    with open_personal(office) as source:
        book = find_book(source, TITLE)
        for number in range(4):
            office.sandbox.requests.clear()
            items, end = read(source, book, end.checkpoint, view.items())
            view = apply(view, items, end)
            syncs.append(office.sandbox.requests.count()["SyncFolderItems"])
            full.append(end.full)
            state.add(state.contacts(ANNA), DisplayName=f"After run {number}")
    assert syncs == [1, 20, 5, 1]
    assert full == [True, True, True, False]
    assert [item.values["DisplayName"] for item in items if isinstance(item, Row)] == ["After run 2"]


@pytest.mark.usefixtures("small_requests")
@pytest.mark.parametrize("seed", range(2))
def test_no_change_between_any_two_requests_is_lost(
    office: Office, middleman: Middleman, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(folder_reader, "PAGE", 1000)
    monkeypatch.setattr(delta, "LATER_ROUNDS", 3)
    fill(office, 60)
    chance, state, lists = random.Random(seed), office.sandbox.state, 0
    folder = state.contacts(ANNA)

    def meddle(passing: Passing) -> None:
        """Not each time: deletions in every answer would have no end."""
        if passing.operation not in ("FindItem", "SyncFolderItems", "GetFolder") or chance.random() < 0.5:
            return
        removed, changed = chance.sample(list(folder.items.values()), 2)
        state.remove(removed)
        state.update(changed, CompanyName=f"Company {chance.random()}")
        state.add(folder, DisplayName=f"New {chance.random()}")

    view: dict[str, str] = {}
    end = End(None, full=True)
    with office.open(public=False, url=middleman.url) as source:
        book = find_book(source, TITLE)
        for number in range(20):
            middleman.spoil = meddle if number % 4 else lambda passing: None
            items, end = read(source, book, end.checkpoint, view.items())
            view, lists = apply(view, items, end), lists + end.full
            if number % 4 == 0:
                assert set(view) == {item.id for item in folder.items.values()}
        middleman.spoil = lambda passing: None
        view = apply(view, *read(source, book, end.checkpoint, view.items()))
        assert view == apply({}, *read(source, book))
    assert 3 <= lists < 20


@pytest.mark.usefixtures("small_requests")
def test_once_a_list_is_certain_the_state_costs_few_requests(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta, "MOST", 20)
    fill(office, 100)
    state = office.sandbox.state
    with open_personal(office) as source:
        book = find_book(source, TITLE)
        end = End(None, full=True)
        for _ in range(3):
            _, end = read(source, book, end.checkpoint)
        assert end.full is False
        monkeypatch.setattr(delta, "LATER_ROUNDS", 2)
        for item in list(state.contacts(ANNA).items.values()):
            state.update(item, CompanyName="All of us")
        office.sandbox.requests.clear()
        items, end = read(source, book, end.checkpoint)
        assert office.sandbox.requests.count()["SyncFolderItems"] == 3 + 2
        assert (len(items), end.full) == (100, True)
        while end.full:
            items, end = read(source, book, end.checkpoint)
    assert items == []


@pytest.mark.usefixtures("small_requests")
def test_a_state_refused_while_it_catches_up_is_begun_anew(office: Office) -> None:
    fill(office, 50)
    with open_personal(office) as source:
        book = find_book(source, TITLE)
        _, end = read(source, book)
        fault = Fault(name="message-error", operation="SyncFolderItems", code="ErrorInvalidSyncStateData", times=1)
        office.sandbox.faults.add(fault)
        lists = []
        for _ in range(3):
            items, end = read(source, book, end.checkpoint)
            lists.append((len(items), end.full))
    assert lists == [(50, True), (50, True), (0, False)]


def test_a_server_that_refuses_every_state_is_listed_each_time(office: Office) -> None:
    fault = Fault(name="message-error", operation="SyncFolderItems", code="ErrorInvalidSyncStateData", times=None)
    with open_personal(office) as source:
        book = find_book(source, TITLE)
        _, first = read(source, book)
        office.sandbox.faults.add(fault)
        items, end = read(source, book, first.checkpoint)
    assert (len(items), end) == (3, End(None, full=True))


def test_changes_that_are_promised_and_never_told_leave_the_list(office: Office, middleman: Middleman) -> None:
    def promise(passing: Passing) -> None:
        if passing.operation == "SyncFolderItems":
            body = re.sub(rb"<m:Changes>.*</m:Changes>", b"<m:Changes/>", passing.body, flags=re.DOTALL)
            passing.body = body.replace(b"InRange>true<", b"InRange>false<")

    with office.open(public=False, url=middleman.url) as source:
        book = find_book(source, TITLE)
        middleman.spoil = promise
        end = End(None, full=True)
        for _ in range(3):
            items, end = read(source, book, end.checkpoint)
            assert (len(items), end.full) == (3, True)


def test_a_checkpoint_whose_state_has_not_caught_up_is_none_to_versions_that_know_of_no_such_state() -> None:
    whole, partial = Checkpoint("folder", "", "state", 1.5), Checkpoint("folder", "", "state", 1.5, partial=True)
    assert read_checkpoint('["folder", "", "state", 1.5]', "folder", "") == whole
    assert read_checkpoint(partial.write(), "folder", "") == partial
    assert whole.write() == '["folder", "", "state", 1.5]'
    assert partial.write() == '["folder", "", "state", 1.5, true]'
