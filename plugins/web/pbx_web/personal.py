"""What of private contacts is shown: to roles that the configuration names everything, to others whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from pbx_connector.api import Change, Problem, Report, application
from pbx_web.asking import Ask


@dataclass(frozen=True, slots=True)
class Hidden:
    """So many changes of one account's private contacts, one after another."""

    action: str
    account: str
    many: int


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever looks at changes."""

    sees_all: bool
    usernames: Mapping[str, str]
    """Of accounts, by id."""

    def whose(self, account: str) -> str:
        return self.usernames.get(account) or account

    def hides(self, change: Change) -> bool:
        return not self.sees_all and change.what == "entry" and owner(change) is not None

    def seen(self, changes: Iterable[Change]) -> Iterator[Change | Hidden]:
        """In their order."""
        for (hidden, action, account), some in groupby(changes, key=self._kind):
            if hidden:
                yield Hidden(action, account or "", sum(1 for _ in some))
            else:
                yield from some

    def json(self, changes: Iterable[Change]) -> Iterator[dict[str, Any]]:
        for one in self.seen(changes):
            yield _json(one)

    def problems(self, found: Iterable[Problem], report: Report | None) -> list[Problem]:
        """Without names and values unless the contact certainly is the company's: a problem says in words alone in
        which address book it is."""
        return [one if self._is_public(one, report) else replace(one, contact="", value="") for one in found]

    def _kind(self, change: Change) -> tuple[bool, str, str | None]:
        return self.hides(change), str(change.action), owner(change)

    def _is_public(self, problem: Problem, report: Report | None) -> bool:
        if self.sees_all or not (problem.contact or problem.value):
            return True
        books = [book.book for book in report.books] if report else []
        where = problem.where
        named = [book for book in books if where == book.title or where.startswith(f"{book.title}, ")]
        return bool(named) and all(book.account is None for book in named)


def _json(one: Change | Hidden) -> dict[str, Any]:
    if isinstance(one, Hidden):
        return application.views.hidden_changes(one.action, one.account, one.many)
    return application.views.change(one)


def viewer(ask: Ask) -> Viewer:
    """Raises `StoreError`."""
    return Viewer(ask.sees_personal, {account.id: account.username for account in ask.store.accounts()})


def owner(change: Change) -> str | None:
    """Whose private entry it was or will be."""
    sides = (side for side in (change.before, change.after) if side)
    return next((side.account for side in sides if side.account is not None), None)
