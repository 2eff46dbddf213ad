"""The draft as a form carries it: its whole text and what it was begun with.

So a browser that is closed, a session that ends or a service that restarts loses nothing that a page still shows.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path

from pbx_connector.api import UsageError
from pbx_web.asking import Ask

LARGEST = 500_000
"""Characters of a profile that a form carries."""
TABS = ("basic", "filter", "variables", "structure", "automate", "source")
_ENDS = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Carried:
    file: Path
    text: str
    base: str
    """What the file said when the draft was begun."""
    tab: str = "basic"
    sample: str = ""
    """A row as JSON, as typed."""

    @property
    def changed(self) -> bool:
        return self.text != self.base

    @property
    def packed_text(self) -> str:
        """For a hidden input: browsers would end its lines otherwise than the file does."""
        return packed(self.text)

    @property
    def packed_base(self) -> str:
        return packed(self.base)

    def with_text(self, text: str) -> Carried:
        return replace(self, text=text)


def carried(ask: Ask, file: Path) -> Carried:
    """From a form, or from an object with `text` and `base` as they are. Raises `UsageError`."""
    plain = ask.wants_json
    draft = ask.text("text") if plain else unpacked(ask.text("packed-draft"))
    base = ask.text("base") if plain else unpacked(ask.text("packed-base"))
    typed = ask.form.get("source")
    if isinstance(typed, str) and not plain:
        draft = with_line_ends_of(draft, typed)
    return Carried(file, draft, base, tab_of(ask.text("tab")), ask.text("sample"))


def tab_of(name: str) -> str:
    return name if name in TABS else TABS[0]


def packed(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def unpacked(text: str) -> str:
    """Raises `UsageError` for what `packed` has not made."""
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "surrogatepass")
    except (binascii.Error, ValueError):
        raise UsageError("the form does not carry a profile", hint="load the page anew") from None


def with_line_ends_of(former: str, typed: str) -> str:
    """What was typed into a text area, whose lines a browser ends with CR LF, with the line ends that the text had, and
    with its byte-order mark."""
    mark = "\ufeff" if former.startswith("\ufeff") and not typed.startswith("\ufeff") else ""
    return mark + "".join(_with_ends(_lines(former.removeprefix(mark)), _lines(typed)))


def _lines(text: str) -> list[tuple[str, str]]:
    """Each with its end; a last one without an end is blank if the text ends with one."""
    ends = [*_ENDS.findall(text), ""]
    return list(zip(_ENDS.split(text), ends, strict=True))


def _with_ends(former: list[tuple[str, str]], typed: list[tuple[str, str]]) -> Iterator[str]:
    known = [end for _, end in former if end]
    usual = max(set(known), key=known.count) if known else "\n"
    held = _kept_ends([line for line, _ in former], former, [line for line, _ in typed])
    for number, (line, end) in enumerate(typed):
        yield line + (held.get(number) or usual if end else "")


def _kept_ends(lines: list[str], former: list[tuple[str, str]], typed: list[str]) -> dict[int, str]:
    blocks = SequenceMatcher(None, lines, typed, autojunk=False).get_matching_blocks()
    return {block.b + step: former[block.a + step][1] for block in blocks for step in range(block.size)}
