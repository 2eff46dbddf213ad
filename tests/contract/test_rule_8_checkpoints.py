"""Safety rule 8, on every store. A checkpoint holds for what it was made with."""

from __future__ import annotations

from collections.abc import Callable

from pbx_connector.model import Book, Mapped, Record, Report, Row
from pbx_connector.profile import Profile
from pbx_connector.stores import Store
from pbx_connector.testing import MemorySource

from .conftest import fill

Run = Callable[..., Report]
Names = Callable[[], dict[str, int]]


def test_rule_8_any_difference_in_what_it_was_made_with_means_a_full_reading(
    run: Run, source: MemorySource, store: Store, profile: Profile
) -> None:
    def shout(row: Row, book: Book) -> Mapped:
        return Mapped((Record("", book.account, {"display_name": str(row.values["display_name"]).upper()}),))

    fill(source.add("public", delta=True), "Ann", "Bob")
    run()
    assert run(map=shout).counts.updated == 0
    assert run(map=shout, fingerprint="f2").counts.updated == 2


def test_rule_8_a_checkpoint_is_not_advanced_while_a_row_waits_to_be_read(
    run: Run, source: MemorySource, names: Names
) -> None:
    book = fill(source.add("public", delta=True), "Ann")
    run()
    book.spoil("ann")
    run()
    book.items["ann"] = Row("ann", "late", {"display_name": "Anna"})  # readable again, without a change to tell
    run()
    assert list(names()) == ["Anna"]
