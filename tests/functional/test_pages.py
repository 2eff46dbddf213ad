"""The pages of the docs that show commands with their output show what is printed."""

from __future__ import annotations

from pathlib import Path

from pages import Stage, steps
from pbx_exchange.sandbox import Sandbox
from product import Connector

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_safety_net_is_what_its_page_shows(connector: Connector, profile: Path, sandbox: Sandbox) -> None:
    page = DOCS / "safety-net.md"
    assert Stage(connector, sandbox).play(page) == sum(bool(step.command) for step in steps(page)) > 8
