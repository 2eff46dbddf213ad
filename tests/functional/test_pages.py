"""The pages of the docs that show commands with their output show what is printed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import Stage
from pbx_exchange.sandbox import Sandbox
from product import Connector

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize(
    ("name", "commands"), [("backups", 7), ("convert", 6), ("directory", 6), ("safety-net", 13), ("trying-rules", 10)]
)
def test_a_page_shows_what_is_printed(
    connector: Connector, profile: Path, sandbox: Sandbox, name: str, commands: int
) -> None:
    assert Stage(connector, sandbox).play(DOCS / f"{name}.md") == commands


def test_the_page_of_csv_works_as_printed_in_an_empty_folder(connector: Connector, sandbox: Sandbox) -> None:
    assert Stage(connector, sandbox).play(DOCS / "csv.md") == 6


def test_the_guide_works_as_printed_in_an_empty_folder(connector: Connector, sandbox: Sandbox) -> None:
    assert list(connector.home.iterdir()) == []
    assert Stage(connector, sandbox).play(DOCS / "admin-guide.md") == 31
