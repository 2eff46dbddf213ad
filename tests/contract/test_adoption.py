"""Profiles that are listed, removed and held, and that change hands, on every store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pbx_connector.errors import ProfileHeld, UsageError
from pbx_connector.model import Account, Report
from pbx_connector.stores import Store
from pbx_connector.testing import MemorySource

from .conftest import FREE

pytestmark = pytest.mark.usefixtures("undone_as_shown")

Run = Callable[..., Report]
Names = Callable[[], dict[str, int]]


def test_profiles_are_listed_adopted_and_removed(run: Run, source: MemorySource, store: Store, names: Names) -> None:
    book = source.add("public", delta=True)
    book.put("ann", display_name="Ann")
    run()
    run(id="other")
    assert [(state.id, state.entries, state.books, state.held) for state in store.profiles()] == [
        ("crm", 1, 1, None),
        ("other", 1, 1, None),
    ]
    with pytest.raises(UsageError, match="from itself"):
        store.adopt_profile("crm", "crm")
    with pytest.raises(UsageError, match="no profile nobody"):
        store.remove_profile("nobody")
    ids = {entry.id for entry in store.entries()}
    assert store.adopt_profile("crm", "new") == 1
    report = run(id="new")
    assert (report.counts.added, report.counts.unchanged) == (0, 1)
    assert {entry.id for entry in store.entries()} == ids
    assert store.remove_profile("other") == 1
    removal = next(store.runs())
    assert [state.id for state in store.profiles()] == ["new"]
    store.undo(removal.id)
    assert {entry.id for entry in store.entries()} == ids


def test_adoption_after_a_first_run_keeps_the_older_ids_and_what_the_newer_entries_say(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    book = source.add("public", delta=True)
    for name in ("Ann", "Bob", "Cid"):
        book.put(name.lower(), display_name=name)
    run()
    before = names()
    book.put("bob", display_name="Robert")
    book.drop("cid")
    book.put("new key", display_name="Cid")
    book.put("dan", display_name="Dan")
    run(id="new")
    assert len(list(store.entries())) == 7
    assert store.adopt_profile("crm", "new") == 4
    after = {"Ann": before["Ann"], "Robert": before["Bob"], "Cid": before["Cid"]}
    assert {name: number for name, number in names().items() if name != "Dan"} == after
    assert [(state.id, state.books) for state in store.profiles()] == [("new", 1)]
    report = run(id="new")
    assert (report.counts.added, report.counts.updated, report.counts.removed) == (0, 0, 0)
    assert {name: number for name, number in names().items() if name != "Dan"} == after
    assert len(list(store.entries())) == 4


def test_a_profile_that_waits_still_waits_for_who_adopts_it(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    store.undo(run().run)
    with store.open_workspace("new", "New", simulate=False):
        pass
    store.adopt_profile("crm", "new")
    with pytest.raises(ProfileHeld):
        run(id="new")


def test_what_a_profile_did_under_its_old_name_is_undone_for_who_adopted_it(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    store.import_accounts([Account("7"), Account("8")])
    book, mine = source.add("public"), source.add("mine", account="7")
    book.put("ann", display_name="Ann")
    book.put("bob", display_name="Bob")
    mine.put("cid", display_name="Cid")
    run()
    before = names()
    book.drop("bob")
    losses = run(limits=FREE)
    store.remove_account("7")
    departure = next(store.runs())
    store.adopt_profile("crm", "new")
    of_the_profile = [record.id for record in store.runs() if record.report.profile]
    assert [record.id for record in store.runs("new")] == of_the_profile
    assert list(store.runs("crm")) == []
    assert store.undo(departure.id).left == ()
    assert store.undo(losses.run).held == "new"
    assert names() == before
    assert {entry.origin.profile for entry in store.entries() if entry.origin} == {"new"}
    assert [(state.id, state.entries) for state in store.profiles()] == [("new", 3)]
    book.put("bob", display_name="Bob")
    store.resume_profile("new")
    assert run(id="new").counts.unchanged == 3
    assert names() == before


def test_two_files_with_one_id_are_refused(run: Run, source: MemorySource, store: Store, tmp_path: Path) -> None:
    source.add("public").put("ann", display_name="Ann")
    here, there = tmp_path / "crm.yaml", tmp_path / "other" / "crm.yaml"
    there.parent.mkdir()
    here.touch()
    there.touch()
    run(file=here)
    with pytest.raises(UsageError, match="is run from") as refusal:
        run(file=there)
    assert refusal.value.code == "P0106"
    assert "id:" in refusal.value.hint
    run(file=here.parent / "other" / ".." / "crm.yaml")
    here.unlink()
    run(file=there)
    here.touch()
    with pytest.raises(UsageError):
        run(file=here)
    assert [record.report.status for record in store.runs()] == ["done"] * 3


def test_a_file_that_got_another_id_gives_the_old_one_free_once_it_is_run(
    run: Run, source: MemorySource, store: Store, tmp_path: Path
) -> None:
    source.add("public").put("ann", display_name="Ann")
    here, there = tmp_path / "here.yaml", tmp_path / "there.yaml"
    here.touch()
    there.touch()
    run(file=here)
    with pytest.raises(UsageError, match="is run from") as refusal:
        run(file=there)
    assert "run that one first, or: pbx-connector profiles adopt crm NEW" in refusal.value.hint
    run(file=here, id="new")
    assert run(file=there).counts.unchanged == 1
    with pytest.raises(UsageError, match="is run from"):
        run(file=there, id="new")


def test_a_profile_does_not_take_over_from_itself(store: Store) -> None:
    with store.open_workspace("crm", "CRM", simulate=False):
        pass
    with pytest.raises(UsageError, match="cannot take over from itself"):
        store.adopt_profile("crm", "crm")
    assert [state.id for state in store.profiles()] == ["crm"]


def test_an_adoption_is_handed_back_not_undone(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    run()
    store.adopt_profile("crm", "new")
    with pytest.raises(UsageError, match="profile new took over what crm owned") as refusal:
        store.undo(next(store.runs()).id)
    assert "profiles adopt" in refusal.value.hint
    assert [state.held for state in store.profiles()] == [None]


def test_a_run_that_is_held_by_another_keeps_profiles_as_they_are(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    report = run()
    with store.open_workspace("crm", "CRM", simulate=False):
        for change in (
            lambda: store.undo(report.run),
            lambda: store.remove_profile("crm"),
            lambda: store.adopt_profile("crm", "new"),
        ):
            with pytest.raises(Exception, match="is going on"):
                change()
    assert len(list(store.entries())) == 1
