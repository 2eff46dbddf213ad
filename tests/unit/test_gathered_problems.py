"""A problem that several address books have is told once, with how many have it."""

from __future__ import annotations

from pbx_connector.application import views
from pbx_connector.errors import SourceUnavailable
from pbx_connector.model import Book, Problem
from pbx_connector.run.problems import MOST_PLACES, book_failed, gathered


def failures(many: int) -> list[Problem]:
    books = [Book(f"b{number}", f"Book {number}", "shared") for number in range(many)]
    return [book_failed(book, SourceUnavailable(f"{book.title}: no right", code="X0305", hint="h")) for book in books]


def test_six_equal_problems_of_one_withdrawn_right_are_one_with_a_count() -> None:
    (told,) = gathered(failures(6))
    assert (told.code, told.message, told.hint, told.count) == ("X0305", "no right", "h", 6)
    assert told.where == "6 address books (Book 0, Book 1, Book 2, Book 3, Book 4, Book 5)"
    assert views.problem(told)["count"] == 6


def test_what_one_address_book_has_and_what_differs_stays_as_it_is() -> None:
    (one,) = failures(1)
    other = Problem("X0306", "gone", "Book 7")
    assert list(gathered([one, other])) == [one, other]
    assert "count" not in views.problem(one)


def test_many_address_books_are_not_all_named() -> None:
    (told,) = gathered(failures(MOST_PLACES + 3))
    assert told.where.endswith(" and 3 more)")
