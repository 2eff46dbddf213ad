"""A source of which a test says how fast it is and when it is done."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from pbx_connector.api import (
    Book,
    BookGone,
    End,
    Field,
    FieldSet,
    Row,
    SettingsModel,
    SourceContext,
    SourceType,
    SourceUnavailable,
    StreamItem,
)

PROFILE = """\
title: Slow
source: slow
settings: {}
mode: mirror
rules: |
  Called = [Name]
structure:
  phonebook:
    - 028pho_bez: "{{Called}}"
"""
CONTACTS = Book("contacts", "Contacts", "public")


class NoSettings(SettingsModel):
    pass


@dataclass
class SlowSource:
    """Its first contact comes at once, all others once `go_on` is set."""

    contacts: int = 10
    go_on: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    down: bool = False

    @property
    def type(self) -> SourceType:
        fields = FieldSet((Field("Name"),))
        return SourceType(name="slow", title="Slow", settings=NoSettings, fields=fields, open=self._open)

    def _open(self, settings: Any, context: SourceContext) -> AbstractContextManager[SlowSource]:
        if self.down:
            raise SourceUnavailable("the source is unreachable", hint="see why")
        return nullcontext(self)

    def books(self) -> Iterable[Book]:
        return [CONTACTS]

    def look(self, book: Book) -> BookGone:
        return BookGone(book.id)

    def changes(self, book: Book, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        """While it waits it sends rows that it has sent before, as a source sends that has many."""
        self.begun.set()
        yield Row("0", "1", {"Name": "Person 0"})
        while not self.go_on.wait(0.01):
            yield Row("0", "1", {"Name": "Person 0"})
        for number in range(1, self.contacts):
            yield Row(f"{number}", "1", {"Name": f"Person {number}"})
        yield End()

    def confirm_gone(self, book: Book, keys: Sequence[str]) -> Iterable[str]:
        return keys
