"""Only what changed, with every trap of SyncFolderItems: lost states, false ends, lingering folders, moved items."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from pbx_exchange import delta
from pbx_exchange.delta import Checkpoint, read_checkpoint
from pbx_exchange.sandbox.faults import Fault
from pbx_exchange.source import ExchangeSource

from pbx_connector.api import Book, End, Gone, Row, Skipped, SourceError, StreamItem, Unreadable

from .conftest import Middleman, Office, Passing, find_book

ANNA = "anna.berg@example.com"
TITLE = "anna: /Contacts"


def open_personal(office: Office) -> AbstractContextManager[ExchangeSource]:
    return office.open(public=False, personal={"skip_accounts": ["acc-ben", "acc-chloe"]})


def read(
    source: ExchangeSource, book: Book, since: str | None = None, known: Iterable[tuple[str, str]] = ()
) -> tuple[list[StreamItem], End]:
    *items, end = source.changes(book, since, known)
    assert isinstance(end, End)
    return items, end


def read_until_caught_up(source: ExchangeSource, book: Book) -> End:
    """The state of a folder of more than 512 contacts takes a second run."""
    _, first = read(source, book)
    _, second = read(source, book, first.checkpoint)
    return second


def names(items: Iterable[StreamItem]) -> list[str]:
    return sorted(str(item.values["DisplayName"]) for item in items if isinstance(item, Row))


def test_the_first_read_is_full_and_the_next_ones_tell_only_what_changed(office: Office) -> None:
    state = office.sandbox.state
    with open_personal(office) as source:
        book = find_book(source, TITLE)
        items, first = read(source, book)
        assert (len(items), first.full) == (3, True)
        office.sandbox.requests.clear()
        items, second = read(source, book, first.checkpoint)
        assert (items, second.full) == ([], False)
        assert office.sandbox.requests.count() == {"SyncFolderItems": 1}

        mama = state.find(DisplayName="Mama")
        state.update(mama, PhoneNumbers_MobilePhone="+49 171 3920001")
        state.add(state.contacts(ANNA), DisplayName="New friend")
        gone = state.find(DisplayName='Kita "Die Strolche"')
        state.remove(gone)
        state.add(state.contacts(ANNA), "DistributionList", DisplayName="Team")
        items, third = read(source, book, second.checkpoint)
    assert names(items) == ["Mama", "New friend"]
    assert {item.values["local_id"] for item in items if isinstance(item, Row)} == {"acc-anna"}
    assert [item for item in items if isinstance(item, Gone)] == [Gone(gone.id)]
    assert [item.reason for item in items if isinstance(item, Skipped)] == ["distribution list"]
    assert third.full is False
    assert len({first.checkpoint, third.checkpoint}) == 2


def test_changes_are_asked_for_as_ids_alone_and_512_at_a_time(office: Office, middleman: Middleman) -> None:
    """exchangelib asks for a hundred at a time, with every property."""
    asked: list[bytes] = []

    def note(passing: Passing) -> None:
        if passing.operation == "SyncFolderItems":
            asked.append(passing.request)

    middleman.spoil = note
    with office.open(url=middleman.url, public=False) as source:
        read(source, find_book(source, TITLE))
    assert asked
    for request in asked:
        assert b"<t:BaseShape>IdOnly</t:BaseShape>" in request
        assert request.count(b"FieldURI=") == request.count(b'FieldURI="item:ItemClass"') == 1
        assert b"<m:MaxChangesReturned>512</m:MaxChangesReturned>" in request


def test_a_later_run_costs_requests_by_folders_and_changes_not_by_contacts(office: Office) -> None:
    state = office.sandbox.state
    for number in range(1500):
        state.add(state.contacts(ANNA), DisplayName=f"Friend {number}")
    with open_personal(office) as source:
        book = find_book(source, TITLE)
        office.sandbox.requests.clear()
        items, end = read(source, book)
        assert len(items) == 1503
        assert office.sandbox.requests.count() == {"SyncFolderItems": 1, "FindItem": 2}
        office.sandbox.requests.clear()
        _, end = read(source, book, end.checkpoint)
        assert office.sandbox.requests.count() == {"SyncFolderItems": 2, "GetFolder": 1, "FindItem": 2}
        for number in range(250):
            state.update(state.find(DisplayName=f"Friend {number}"), CompanyName="Changed")
        office.sandbox.requests.clear()
        items, end = read(source, book, end.checkpoint)
        assert len(items) == 250
        assert office.sandbox.requests.count() == {"SyncFolderItems": 1, "GetFolder": 1, "GetItem": 2}


@pytest.mark.parametrize("since", ["garbage", "[]", '["a", "b"]', "null", '["x", "", 3]', '["x", "", "s", "x"]'])
def test_a_checkpoint_that_is_none_of_ours_means_a_full_read(office: Office, since: str) -> None:
    with open_personal(office) as source:
        items, end = read(source, find_book(source, TITLE), since)
    assert (len(items), end.full) == (3, True)


def test_a_checkpoint_belongs_to_its_folder_and_to_what_rows_say_of_it() -> None:
    checkpoint = Checkpoint("folder", "|FolderPath=/A", "state", 1.5)
    assert read_checkpoint(checkpoint.write(), "folder", "|FolderPath=/A") == checkpoint
    assert read_checkpoint(checkpoint.write(), "other", "|FolderPath=/A") is None
    assert read_checkpoint(checkpoint.write(), "folder", "|FolderPath=/B") is None
    assert read_checkpoint(None, "folder", "") is None


@pytest.mark.parametrize("listed", [-1.0, 0.0, 1.0, 6.9, 7.0, 400.0])
def test_a_week_after_the_last_full_list_the_folder_is_listed_again(office: Office, listed: float) -> None:
    """And right away if the clock was set back, since nobody knows how long ago that was."""
    with open_personal(office) as source:
        book = find_book(source, TITLE)
        _, first = read(source, book)
        held = read_checkpoint(first.checkpoint, book.id.rpartition(":")[2], "")
        assert held is not None
        assert abs(held.listed - time.time()) < 60
        items, second = read(source, book, replace(held, listed=time.time() - listed * 24 * 3600 - 60).write())
    due = not 0 <= listed < 6.99
    assert (second.full, len(items)) == (due, 3 if due else 0)


def test_a_state_that_the_server_refuses_means_a_full_read_with_a_new_state(office: Office) -> None:
    with open_personal(office) as source:
        book = find_book(source, TITLE)
        _, first = read(source, book)
        office.sandbox.faults.add(Fault(name="invalid-sync-state", operation="SyncFolderItems"))
        items, second = read(source, book, first.checkpoint)
        assert (len(items), second.full) == (3, True)
        items, third = read(source, book, second.checkpoint)
        assert (items, third.full) == ([], False)


def test_a_server_that_lost_the_state_and_tells_everything_anew_means_a_full_read(office: Office) -> None:
    """The state of another folder is answered like that: deletions would never be told."""
    state = office.sandbox.state
    with open_personal(office) as source:
        friends, book = find_book(source, "anna: /Contacts/Friends"), find_book(source, TITLE)
        _, of_friends = read(source, friends)
        _, first = read(source, book)
        held = read_checkpoint(of_friends.checkpoint, friends.id.rpartition(":")[2], "")
        assert held is not None
        forged = replace(held, folder=book.id.rpartition(":")[2]).write()
        state.remove(state.find(DisplayName="Mama"))
        items, end = read(source, book, forged)
    assert names(items) == ['Kita "Die Strolche"', "Zahnärztin Dr. Weiß"]
    assert end.full
    assert first.full


def test_very_many_changes_mean_a_full_read_which_is_shorter(office: Office) -> None:
    state = office.sandbox.state
    for number in range(2500):
        state.add(state.contacts(ANNA), DisplayName=f"Friend {number}")
    with open_personal(office) as source:
        book = find_book(source, TITLE)
        first = read_until_caught_up(source, book)
        for item in list(state.contacts(ANNA).items.values())[:2200]:
            state.update(item, CompanyName="All of us")
        office.sandbox.requests.clear()
        items, second = read(source, book, first.checkpoint)
        assert (len(items), second.full) == (2503, True)
        assert office.sandbox.requests.count() == {"SyncFolderItems": 5, "GetFolder": 1, "FindItem": 3}
        items, third = read(source, book, second.checkpoint)
        assert (items, third.full) == ([], False)


def test_deletions_behind_a_false_end_are_told_all_the_same(office: Office) -> None:
    state = office.sandbox.state
    for number in range(1300):
        state.add(state.contacts(ANNA), DisplayName=f"Friend {number}")
    with open_personal(office) as source:
        book = find_book(source, TITLE)
        first = read_until_caught_up(source, book)
        for number in range(1200):
            state.remove(state.find(DisplayName=f"Friend {number}"))
        office.sandbox.faults.add(Fault(name="false-end", operation="SyncFolderItems", times=None))
        items, second = read(source, book, first.checkpoint)
    assert Counter(type(item) for item in items) == {Gone: 1200}
    assert second.full is False


def test_an_item_changed_and_then_removed_is_told_once_as_gone(office: Office) -> None:
    state = office.sandbox.state
    with open_personal(office) as source:
        book = find_book(source, TITLE)
        _, first = read(source, book)
        mama = state.find(DisplayName="Mama")
        state.update(mama, CompanyName="x")
        state.remove(mama)
        items, _ = read(source, book, first.checkpoint)
        assert items == [Gone(mama.id)]


def test_an_item_that_vanishes_before_it_is_read_is_told_next_time(office: Office) -> None:
    state = office.sandbox.state
    with open_personal(office) as source:
        book = find_book(source, TITLE)
        _, first = read(source, book)
        mama = state.find(DisplayName="Mama")
        state.update(mama, CompanyName="x")
        office.sandbox.faults.add(Fault(name="vanished-item", operation="GetItem"))
        items, second = read(source, book, first.checkpoint)
        assert items == []
        items, _ = read(source, book, second.checkpoint)
        assert items == [Gone(mama.id)]


def test_a_moved_item_is_gone_in_one_book_and_new_in_the_other(office: Office) -> None:
    state = office.sandbox.state
    with open_personal(office) as source:
        here, there = find_book(source, TITLE), find_book(source, "anna: /Contacts/Friends")
        (_, first), (_, second) = read(source, here), read(source, there)
        mama = state.find(DisplayName="Mama")
        moved = state.move(mama, state.folder("Contacts/Friends", ANNA))
        assert read(source, here, first.checkpoint)[0] == [Gone(mama.id)]
        (row,) = read(source, there, second.checkpoint)[0]
    assert isinstance(row, Row)
    assert (row.key, row.values["DisplayName"]) == (moved.id, "Mama")


@pytest.mark.parametrize("code", ["ErrorMailboxStoreUnavailable", "ErrorAccessDenied"])
def test_a_deletion_that_the_server_does_not_confirm_is_no_deletion_but_reported(office: Office, code: str) -> None:
    """The server tells of it once: without a word about it the run would advance its state and never ask again."""
    state = office.sandbox.state
    with open_personal(office) as source:
        book = find_book(source, TITLE)
        _, first = read(source, book)
        mama = state.find(DisplayName="Mama")
        state.remove(mama)
        office.sandbox.faults.add(Fault(name="message-error", operation="GetItem", code=code))
        items, _ = read(source, book, first.checkpoint)
        again, _ = read(source, book, first.checkpoint)
    assert [(item.key, item.problem.where) for item in items if isinstance(item, Unreadable)] == [
        (mama.id, f"{TITLE}: {mama.id}")
    ]
    assert again == [Gone(mama.id)]


@pytest.mark.parametrize("with_state", [True, False])
def test_a_folder_deleted_under_us_is_no_list_of_deletions(office: Office, with_state: bool) -> None:
    """It lingers: SyncFolderItems tells of deletions and FindItem of nothing; only GetFolder knows."""
    state = office.sandbox.state
    with open_personal(office) as source:
        book = find_book(source, "anna: /Contacts/Friends")
        _, first = read(source, book)
        state.delete_folder(state.folder("Contacts/Friends", ANNA), linger=True)
        with pytest.raises(SourceError) as failure:
            read(source, book, first.checkpoint if with_state else None)
    assert failure.value.code == "X0308"


def test_a_renamed_folder_is_read_anew_only_where_rules_see_its_name(office: Office) -> None:
    state = office.sandbox.state
    friends = state.folder("Contacts/Friends", ANNA)
    for fields, full in ((frozenset(("DisplayName",)), False), (frozenset(("DisplayName", "FolderPath")), True)):
        office.fields = fields
        friends.name = "Friends"
        with open_personal(office) as source:
            items, first = read(source, find_book(source, "anna: /Contacts/Friends"))
            known = [(item.key, item.version) for item in items if isinstance(item, Row)]
            friends.name = "Old friends"
            items, second = read(source, find_book(source, "anna: /Contacts/Old friends"), first.checkpoint, known)
        assert second.full is full
        assert sum(isinstance(item, Row) for item in items) == (2 if full else 0)


@pytest.mark.parametrize(("sync_state", "rounds"), [("kept", 1), ("new", 8)])
def test_changes_without_end_are_given_up_and_the_folder_is_listed(
    office: Office, middleman: Middleman, monkeypatch: pytest.MonkeyPatch, sync_state: str, rounds: int
) -> None:
    """The same change again and again, under the state that was sent or under one new state after the other."""
    monkeypatch.setattr(delta, "ROUNDS", 8)
    told: list[bytes] = []

    def repeat(passing: Passing) -> None:
        if passing.operation == "SyncFolderItems":
            told.append(passing.body)
            sent = re.search(rb"SyncState>(.*?)<", passing.request)
            assert sent
            kept = sent[1] if sync_state == "kept" else b"%d" % len(told)
            body = re.sub(rb"(<m:SyncState>).*?<", rb"\g<1>%b<" % kept, told[0])
            passing.body = body.replace(b"InRange>true<", b"InRange>false<")

    state = office.sandbox.state
    with office.open(public=False, url=middleman.url) as source:
        book = find_book(source, TITLE)
        _, first = read(source, book)
        state.update(state.find(DisplayName="Mama"), CompanyName="x")
        middleman.spoil = repeat
        items, end = read(source, book, first.checkpoint)
    assert (len(items), end) == (3, End(None, full=True))
    assert len(told) == rounds


def test_a_deletion_told_under_the_same_state_is_told_once(office: Office, middleman: Middleman) -> None:
    def keep_state(passing: Passing) -> None:
        sent = re.search(rb"SyncState>(.*?)<", passing.request)
        if sent and passing.operation == "SyncFolderItems":
            passing.body = re.sub(rb"(<m:SyncState>).*?<", rb"\g<1>%b<" % sent[1], passing.body)

    state = office.sandbox.state
    with office.open(public=False, url=middleman.url) as source:
        book = find_book(source, TITLE)
        _, first = read(source, book)
        mama = state.find(DisplayName="Mama")
        state.remove(mama)
        middleman.spoil = keep_state
        items, _ = read(source, book, first.checkpoint)
    assert items == [Gone(mama.id)]


def test_a_folder_without_states_is_read_in_full_each_time(office: Office) -> None:
    fault = Fault(name="message-error", operation="SyncFolderItems", code="ErrorAccessDenied", times=None)
    office.sandbox.faults.add(fault)
    with open_personal(office) as source:
        items, end = read(source, find_book(source, TITLE))
    assert (len(items), end) == (3, End(None, full=True))
