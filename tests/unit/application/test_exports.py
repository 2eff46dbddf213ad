"""A format that hides owners gets private entries of several people only on a word, whatever the user interface."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pbx_connector.application import exports
from pbx_connector.errors import StoreError, UsageError
from pbx_connector.extensions import Exporter
from pbx_connector.model import Account
from pbx_connector.plan import Content
from pbx_connector.plugins import Plugins
from pbx_connector.stores import ALL, AccountScope, Store
from pbx_connector.stores.memory import MemoryStore

FORMATS = Plugins().exporters


@pytest.fixture
def store() -> Iterator[Store]:
    with MemoryStore() as store:
        store.add_account(Account("ann"))
        store.add_entry(Content(None, {"display_name": "Company"}, {}))
        store.add_entry(Content("ann", {"display_name": "Mum"}, {}))
        yield store


@pytest.mark.parametrize(
    ("format", "asked", "agreed", "permitted"),
    [
        ("csv", ALL, False, None),
        ("csv", ALL, True, ALL),
        ("csv", "ann", False, "ann"),
        ("csv", None, True, None),
        ("jsonl", ALL, False, ALL),
    ],
)
def test_private_entries_take_a_word_where_owners_are_hidden(
    format: str, asked: AccountScope, agreed: bool, permitted: AccountScope
) -> None:
    assert exports.permitted(FORMATS[format], asked, agreed=agreed) == permitted


def test_only_what_is_permitted_is_written(store: Store, tmp_path: Path) -> None:
    exports.write(FORMATS["csv"], store, None, stream := io.StringIO())
    assert "Company" in stream.getvalue()
    assert "Mum" not in stream.getvalue()
    exports.write_file(FORMATS["jsonl"], store, "ann", tmp_path / "ann.jsonl")
    assert "Mum" in (tmp_path / "ann.jsonl").read_text()


def test_what_cannot_be_a_file_is_refused_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        exports.write_file(FORMATS["csv"], store, None, tmp_path)
    with pytest.raises(StoreError, match="cannot be written"):
        exports.write_file(FORMATS["csv"], store, None, tmp_path / "no folder" / "book.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_mistyped_format_gets_a_suggestion() -> None:
    with pytest.raises(UsageError) as refused:
        exports.exporter(FORMATS, "vcrad")
    assert refused.value.hint == "did you mean vcard?"
    known: dict[str, Exporter] = {"csv": FORMATS["csv"]}
    with pytest.raises(UsageError) as refused:
        exports.exporter(known, "spreadsheet")
    assert refused.value.hint == "known formats: csv"


@pytest.mark.parametrize(
    ("asked", "names"), [(ALL, ["Ärzte", "Company", "Mum"]), (None, ["Ärzte", "Company"]), ("ann", ["Mum"])]
)
def test_a_format_for_directories_gets_its_entries_by_name(store: Store, asked: AccountScope, names: list[str]) -> None:
    store.add_entry(Content(None, {"display_name": "Ärzte"}, {}))
    exports.write(replace(FORMATS["jsonl"], by_name=True), store, asked, stream := io.StringIO())
    assert [json.loads(line)["fields"]["display_name"] for line in stream.getvalue().splitlines()] == names
