"""Safety rule 2, on every store. Every absence is confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Barrier

import pytest

from pbx_connector.model import Account, Book, BookGone, BookStatus, Problem, Report, RunStatus
from pbx_connector.stores import Store
from pbx_connector.testing import MemorySource

from .conftest import FREE, fill

Run = Callable[..., Report]
Names = Callable[[], dict[str, int]]


def test_rule_2_a_row_that_was_not_listed_but_is_there_stays_and_is_reported(
    run: Run, source: MemorySource, names: Names
) -> None:
    book = fill(source.add("public"), "Ann", "Bob")
    run()
    book.withheld = {"bob"}
    report = run()
    assert report.counts.removed == 0
    assert [(problem.code, problem.severity) for problem in report.problems] == [("S104", "warning")]
    assert list(names()) == ["Ann", "Bob"]
    book.withheld = set()
    assert run().problems == ()


def test_rule_2_a_source_that_cannot_confirm_leaves_the_whole_book_as_it_is(
    run: Run, source: MemorySource, names: Names
) -> None:
    book = fill(source.add("public"), "Ann", "Bob")
    run()
    book.put("ann", display_name="Anna")
    book.drop("bob")
    book.mute = True
    report = run()
    assert report.status is RunStatus.PARTIAL
    assert list(names()) == ["Ann", "Bob"]
    book.mute = False
    run()
    assert list(names()) == ["Anna"]


def test_rule_2_a_book_that_is_not_listed_is_looked_for(run: Run, source: MemorySource, names: Names) -> None:
    fill(source.add("public"), "Ann")
    source.hidden = {"public"}
    run()
    assert list(names()) == []
    source.hidden = set()
    run()
    source.hidden = {"public"}
    source.address_books["public"].put("bob", display_name="Bob")
    assert run().counts.removed == 0
    assert list(names()) == ["Ann", "Bob"]


def test_rule_2_an_answer_about_another_book_says_nothing(run: Run, source: MemorySource, names: Names) -> None:
    fill(source.add("public"), "Ann")
    fill(source.add("other"), "Bob")
    run()
    source.hidden.add("other")
    for answer in (BookGone("public"), BookGone("nowhere"), source.address_books["public"].book):
        source.look = lambda book, answer=answer: answer  # type: ignore[method-assign,misc]
        report = run()
        assert [(book.book.id, book.status) for book in report.books] == [
            ("other", BookStatus.UNKNOWN),
            ("public", BookStatus.DONE),
        ]
        assert sorted(names()) == ["Ann", "Bob"]


def test_rule_2_a_book_that_is_gone_takes_its_entries_along(run: Run, source: MemorySource, names: Names) -> None:
    fill(source.add("public"), "Ann")
    fill(source.add("old"), "Bob")
    run()
    del source.address_books["old"]
    report = run()
    assert report.status is RunStatus.DONE
    assert {book.book.id: book.status for book in report.books} == {"public": BookStatus.DONE, "old": BookStatus.GONE}
    assert list(names()) == ["Ann"]
    assert [book.book.id for book in run().books] == ["public"]


@pytest.mark.parametrize("listed", [False, True])
def test_rule_2_a_book_that_nothing_is_known_about_keeps_its_entries(
    run: Run, source: MemorySource, names: Names, listed: bool
) -> None:
    fill(source.add("public"), "Ann")
    run()
    source.unknown = {"public": Problem("X999", "time-out")}
    source.hidden = set() if listed else {"public"}
    report = run()
    assert report.status is RunStatus.PARTIAL
    assert [problem.code for problem in report.problems] == ["X999"]
    assert list(names()) == ["Ann"]


def test_rule_2_one_accounts_trouble_does_not_block_anothers_removals(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    store.import_accounts([Account("1"), Account("2")])
    fill(source.add("one", account="1"), "Ann")
    book = fill(source.add("two", account="2"), "Bob", "Cid")
    run()
    source.unknown = {"one": Problem("X999", "impersonation denied")}
    book.drop("cid")
    assert run().counts.removed == 1
    assert list(names()) == ["Ann", "Bob"]


def test_rule_2_many_books_confirm_their_absences_at_once(run: Run, source: MemorySource, names: Names) -> None:
    together = Barrier(3, timeout=200)

    class Patient(MemorySource):
        def confirm_gone(self, book: Book, keys: Sequence[str]) -> Iterable[str]:
            together.wait()
            return super().confirm_gone(book, keys)

    patient = Patient(source.address_books)
    for name in ("one", "two", "three"):
        fill(patient.add(name), f"{name} stays", f"{name} goes")
    run(source=patient.type())
    for book in patient.address_books.values():
        book.drop(f"{book.book.id} goes")
    patient.address_books["two"].mute = True
    report = run(source=patient.type(), limits=FREE)
    assert (report.status, report.counts.removed) == (RunStatus.PARTIAL, 2)
    assert sorted(names()) == ["one stays", "three stays", "two goes", "two stays"]


def test_rule_2_more_absences_than_are_asked_for_at_once(run: Run, source: MemorySource, names: Names) -> None:
    book = fill(source.add("public"), *(f"Name {number}" for number in range(1203)))
    run()
    for number in range(1, 1203):
        book.drop(f"name {number}")
    book.put("name 7", display_name="Name 7")
    book.withheld = {"name 7"}
    report = run(limits=FREE)
    assert (report.counts.removed, [problem.code for problem in report.problems]) == (1201, ["S104"])
    assert sorted(names()) == ["Name 0", "Name 7"]
