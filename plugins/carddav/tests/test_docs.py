"""docs/carddav.md is true: its settings are accepted, its commands print what it says, its table names each field."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from pbx_carddav import error_catalog
from pbx_carddav.fields import SUPPLIED
from pbx_carddav.settings import CardDavSettings
from ruamel.yaml import YAML

from pbx_connector.api import ErrorText

from .command_line import run
from .radicale import PASSWORD, SERVICE, Radicale, card

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "carddav.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_the_settings_are_accepted(block: str) -> None:
    CardDavSettings.model_validate(YAML(typ="safe").load(block)["settings"])


def test_every_shared_name_is_in_the_table_of_fields() -> None:
    (table,) = re.findall(r"^\| Shared name .*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    named = {name for line in table.strip().splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    named |= {f"{kind}{number}" for kind in ("EmailAddresses_EmailAddress", "ImAddresses_ImAddress") for number in "23"}
    named |= {f"PhysicalAddresses_{kind}" for kind in ("Home", "Other")}
    named |= {f"PhysicalAddresses_{kind}_Text" for kind in ("Business", "Home", "Other")}
    assert {name for name in named if name != "3" and not name.startswith("_")} == SUPPLIED


def test_the_page_of_problems_says_the_same_words() -> None:
    page = (DOCS / "problems.md").read_text(encoding="utf-8")
    texts = [value for value in vars(error_catalog).values() if isinstance(value, ErrorText)]
    for one in texts:
        assert f"| {one.code} | {re.sub(r'{.*?}', '…', one.message)} | {one.hint} |" in page
    assert len({one.code for one in texts}) == len(texts)


def test_the_commands_print_what_the_page_says(radicale: Radicale, tmp_path: Path) -> None:
    book = radicale.book(SERVICE, "customers", "Customers")
    for name in ("Anna Berg", "Ben Adler", "Chloe Duval"):
        radicale.put(book, card(name, "TEL;TYPE=WORK:+49 89 1"))
    (tmp_path / "cloud.secret").write_text(PASSWORD)
    commands = 0
    for line in "".join(blocks("console")).replace("https://cloud.example.com", radicale.url).splitlines():
        if line.startswith("$ "):
            printed = iter(run(tmp_path, *shlex.split(line)[2:]).splitlines())
            commands += 1
        elif line != "...":
            assert any(line in found for found in printed), line
    assert commands == 5
