"""The problems that the sync itself finds; their codes begin with S and are never reused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pbx_connector.errors import SourceError
from pbx_connector.mapping import no_number
from pbx_connector.model import Book, Problem

MOST_PLACES = 20
"""Address books that one problem names."""


def book_failed(book: Book, error: SourceError) -> Problem:
    """S101, unless the source knows better."""
    return Problem(error.code or "S101", error.message, where=book.title, hint=error.hint)


def gathered(found: Iterable[Problem]) -> Iterator[Problem]:
    """Problems of whole address books; one that several of them have, as after a right was withdrawn, is told once."""
    alike: dict[Problem, list[Problem]] = {}
    for problem in found:
        message = problem.message.removeprefix(f"{problem.where}: ")
        alike.setdefault(replace(problem, message=message, where=""), []).append(problem)
    for same, those in alike.items():
        yield those[0] if len(those) == 1 else replace(same, where=_places(those), count=len(those))


def _places(found: Sequence[Problem]) -> str:
    more = f" and {len(found) - MOST_PLACES} more" if len(found) > MOST_PLACES else ""
    return f"{len(found)} address books ({', '.join(problem.where for problem in found[:MOST_PLACES])}{more})"


def unknown_row_unchanged(book: Book, key: str) -> Problem:
    return Problem(
        "S103",
        "the source calls a contact unchanged that was never read",
        where=_place(book, key),
        hint="the next run reads it again",
    )


def not_listed(book: Book, key: str) -> Problem:
    return Problem(
        "S104",
        "the source left the contact out of its list, yet it is still there; its entry stays",
        where=_place(book, key),
        hint="the next run asks again",
        severity="warning",
    )


def not_private(book: Book, key: str) -> Problem:
    return Problem(
        "S201",
        "a contact from a personal address book would show to others; its entry was not written",
        where=_place(book, key),
        hint="the structure must set 011acc_id to local_id, or the profile says publish_personal: true",
    )


def no_such_account(book: Book, key: str, account: str) -> Problem:
    return Problem(
        "S202",
        f"the phone system has no account {account}",
        where=_place(book, key),
        hint="pbx-connector accounts add, or correct 011acc_id in the structure",
    )


def same_record_twice(book: Book, key: str) -> Problem:
    return Problem(
        "S203",
        "the contact makes two records with the same key",
        where=_place(book, key),
        hint="give each record of the structure a key of its own",
    )


def no_name(book: Book, key: str) -> Problem:
    return Problem("S204", "the record has no display name", where=_place(book, key), hint="fill 028pho_bez")


def not_text(book: Book, key: str) -> Problem:
    return Problem(
        "S205",
        "the record has characters that no database can hold",
        where=_place(book, key),
        hint="correct the contact at its source",
    )


def no_such_label(name: str) -> Problem:
    return Problem(
        "S206",
        f"there is no label {name}; the entries were written without it",
        where=name,
        hint=f"pbx-connector labels add {name!r}, or labels: create in the profile",
        severity="warning",
    )


def unread(values: int) -> Problem:
    """Of all contacts together; which ones they are stands among the problems."""
    return Problem(
        "S207",
        no_number(values),
        where="rules",
        hint="they stand among the problems: correct them at their source, or keep short ones by phone(…, internal: 5)",
        severity="warning",
    )


def warnings_failed(error: Exception) -> Problem:
    return Problem(
        "S106",
        f"the source plugin failed with {type(error).__name__} when it was asked for warnings",
        where="settings",
        hint="tell its author",
        severity="warning",
    )


def secret_exposed(key: str) -> Problem:
    return Problem(
        "S107",
        "every user of this machine may read the file of a secret",
        where=key,
        hint="chmod 600 the file",
        severity="warning",
    )


def store_exposed(file: str) -> Problem:
    return Problem(
        "S108",
        "every user of this machine may read the phone book's file",
        where=file,
        hint="chmod 600 the file and those beside it whose names begin alike",
        severity="warning",
    )


def _place(book: Book, key: str) -> str:
    return f"{book.title}: {key}"
