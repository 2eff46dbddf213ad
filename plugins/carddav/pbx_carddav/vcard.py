"""vCards of versions 2.1, 3.0 and 4.0 as lines with names, parameters and values, whoever wrote them.

Reads what is there and judges nothing: a line that makes no sense is passed over, a text that is no card at all is
refused. Pictures, sounds and keys are not decoded.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

MOST_LINES = 5000
"""Of one card, when its folds are undone."""
_MOST_FOLDED = 200_000
"""As they stand in a card."""
_FOLD = re.compile(r"\n[ \t]")
_NAME = re.compile(r"(?:([\w-]+)\.)?([\w-]+)\Z", re.ASCII)
_HEAD = re.compile(r'((?:"[^"]*"|[^":])*):(.*)', re.DOTALL)
_PARAMETER = re.compile(r'(?:"[^"]*"|[^";])+')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CARET = re.compile(r"\^([n'^])")
_ESCAPED = {"n": "\n", "N": "\n", ",": ",", ";": ";", ":": ":", "\\": "\\"}
_CARETS = {"n": "\n", "'": '"', "^": "^"}
_BINARY = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})
_ENCODINGS = {"QUOTED-PRINTABLE": "QUOTED-PRINTABLE", "BASE64": "B", "8BIT": "8BIT", "7BIT": "7BIT"}
_CHARSETS = ("utf", "us-ascii", "ascii", "iso-8859", "iso8859", "latin", "windows", "cp", "koi8", "gb", "big5")
_LONGEST_HEAD = 4000
_MOST_TEXT = 1_000_000
"""Characters of one card, without what is not decoded."""
_CACHED = 200
"""Characters of a line's head that is remembered."""


class NotACard(Exception):
    """The text is no vCard, or not one alone. Its own text carries nothing of the card."""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the colon."""

    name: str
    """In capital letters."""
    group: str = ""
    """What ties lines together, as `ITEM1` does for a number and its label; in capital letters."""
    types: frozenset[str] = frozenset()
    """In small letters, from any spelling: `TYPE=WORK,VOICE`, `TYPE="voice,cell"`, `WORK;VOICE`."""
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """All others, by name in capital letters."""

    def parameter(self, name: str) -> str:
        return next(iter(self.parameters.get(name, ())), "")


@dataclass(frozen=True, slots=True)
class Line:
    head: Head
    raw: str
    """As it stands in the card, without folds and quoted-printable."""
    legacy: bool = False
    """Of version 2.1, which escapes less."""

    @property
    def value(self) -> str:
        """As somebody wrote it, white space around it included."""
        return unescape(self.raw, legacy=self.legacy)

    @property
    def text(self) -> str:
        return self.value.strip()

    def parts(self, separator: str = ";") -> list[str]:
        """Of a structured value, such as a name or an address."""
        return [unescape(part, legacy=self.legacy).strip() for part in split(self.raw, separator)]

    def lists(self) -> list[list[str]]:
        """The same where each part may be a list, with commas."""
        return [
            [unescape(one, legacy=self.legacy).strip() for one in split(part, ",")] for part in split(self.raw, ";")
        ]

    @property
    def preference(self) -> int:
        """1 to 100 as version 4.0 has it, the preferred first; 101 for none."""
        number = self.head.parameter("PREF")
        if number.isascii() and number.isdigit():
            return min(max(int(number[:4]), 1), 100)
        return 1 if "pref" in self.head.types else 101


class Card:
    """The lines of one card by their names."""

    def __init__(self, lines: Mapping[str, list[Line]]) -> None:
        self._lines = lines
        self._labels: Mapping[str, str] | None = None

    def all(self, name: str) -> list[Line]:
        """The preferred ones first, otherwise as they stand."""
        found = self._lines.get(name)
        if not found:
            return []
        return sorted(found, key=_preference) if len(found) > 1 else found

    def first(self, *names: str) -> Line | None:
        """The first line that has a text."""
        return next((line for name in names for line in self.all(name) if line.text), None)

    def text(self, *names: str) -> str:
        """As somebody wrote it."""
        line = self.first(*names)
        return line.value if line else ""

    def has(self, name: str) -> bool:
        return name in self._lines

    def label(self, line: Line) -> str:
        """What Apple's programs show beside a line: `_$!<HomeFax>!$_` or a person's own word."""
        if not line.head.group:
            return ""
        if self._labels is None:
            self._labels = {one.head.group: one.text for one in self._lines.get("X-ABLABEL", ())}
        return self._labels.get(line.head.group, "")

    @property
    def is_group(self) -> bool:
        kinds = {line.text.lower() for name in ("KIND", "X-ADDRESSBOOKSERVER-KIND") for line in self.all(name)}
        return "group" in kinds


def read_card(text: str) -> Card:
    """Raises `NotACard`."""
    lines = [line for line in _content_lines(text) if line.strip()]
    if len(lines) < 2 or not _is_mark(lines[0].lstrip("\ufeff"), "BEGIN") or not _is_mark(lines[-1], "END"):
        raise NotACard("not from BEGIN:VCARD to END:VCARD")
    found: dict[str, list[Line]] = {}
    legacy = any(line.replace(" ", "").upper() == "VERSION:2.1" for line in lines[:10])
    left = _MOST_TEXT
    for line in _outermost(lines):
        if (parsed := _parse(line, legacy)) is not None:
            found.setdefault(parsed.head.name, []).append(parsed)
            left -= len(parsed.raw)
            if left < 0:
                raise NotACard("more text than any card has")
    return Card(found)


def split(value: str, separator: str) -> list[str]:
    """At separators that are not escaped."""
    if "\\" not in value:
        return value.split(separator)
    parts, start = [], 0
    for match in re.finditer(r"\\.|" + re.escape(separator), value, re.DOTALL):
        if match[0] == separator:
            parts.append(value[start : match.start()])
            start = match.end()
    return [*parts, value[start:]]


def unescape(value: str, *, legacy: bool = False) -> str:
    if "\\" not in value:
        return value
    if legacy:
        return value.replace("\\;", ";").replace("\\,", ",")
    return _ESCAPE.sub(_unescaped, value)


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPED.get(match[1], match[0])


def _preference(line: Line) -> int:
    return line.preference


def _content_lines(text: str) -> list[str]:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    quoted_printable = "QUOTED-PRINTABLE" in text.upper()
    text = text if quoted_printable else _FOLD.sub("", text)
    if text.count("\n") > (_MOST_FOLDED if quoted_printable else MOST_LINES):
        raise NotACard("more lines than any card has")
    lines = text.split("\n")
    return list(_joined(lines)) if quoted_printable else lines


def _joined(lines: list[str]) -> Iterator[str]:
    """Quoted-printable values go on in the next line after a `=` at the end."""
    current: list[str] = []
    soft = False
    for line in lines:
        if soft:
            current[-1] = current[-1][:-1]
            current.append(line)
        elif current and line[:1] in (" ", "\t"):
            current.append(line[1:])
        else:
            if current:
                yield "".join(current)
            current = [line]
        soft = line.endswith("=") and "QUOTED-PRINTABLE" in current[0].partition(":")[0].upper()
    yield "".join(current)


def _outermost(lines: list[str]) -> Iterator[str]:
    """Without cards within the card, as version 2.1 has for an agent. Raises `NotACard`."""
    depth = 0
    for number, line in enumerate(lines):
        if _is_mark(line.lstrip("\ufeff"), "BEGIN"):
            depth += 1
        elif _is_mark(line, "END"):
            depth -= 1
            if depth == 0 and number < len(lines) - 1:
                raise NotACard("several cards in one")
        elif depth == 1:
            yield line
    if depth:
        raise NotACard("not from BEGIN:VCARD to END:VCARD")


def _is_mark(line: str, name: str) -> bool:
    return len(line) < 50 and line.replace(" ", "").rstrip().upper() == f"{name}:VCARD"


def _parse(line: str, legacy: bool) -> Line | None:
    head, colon, value = line.partition(":")
    if '"' in head:
        match = _HEAD.match(line)
        head, colon, value = (match[1], ":", match[2]) if match else ("", "", "")
    if not colon or len(head) > _LONGEST_HEAD:
        return None
    known = _remembered(head) if len(head) <= _CACHED else _head(head)
    if known is None:
        return None
    if known.name in _BINARY:
        return Line(known, "")
    if known.parameters and "QUOTED-PRINTABLE" in known.parameters.get("ENCODING", ()):
        value = _decoded(value, known.parameter("CHARSET"))
    return Line(known, value, legacy)


def _head(text: str) -> Head | None:
    """None: it is none."""
    name, _, rest = text.partition(";")
    match = _NAME.match(name.strip())
    if match is None:
        return None
    types: set[str] = set()
    parameters: dict[str, tuple[str, ...]] = {}
    for one in _PARAMETER.findall(rest):
        key, values = _parameter(one)
        if key == "TYPE":
            types.update(value.lower() for value in values)
        else:
            parameters[key] = parameters.get(key, ()) + values
    return Head(match[2].upper(), (match[1] or "").upper(), frozenset(types), parameters)


_remembered = lru_cache(maxsize=2000)(_head)


def _parameter(text: str) -> tuple[str, tuple[str, ...]]:
    key, equals, value = text.partition("=")
    if not equals:  # of version 2.1: a type or an encoding without its name
        bare = key.strip().upper()
        return ("ENCODING", (_ENCODINGS[bare],)) if bare in _ENCODINGS else ("TYPE", (bare,))
    if "^" in value:
        value = _CARET.sub(lambda match: _CARETS[match[1]], value)
    key = key.strip().upper()
    if key == "TYPE":
        return key, tuple(part.strip() for part in value.replace('"', "").split(",") if part.strip())
    value = value.strip().strip('"')
    return key, (value.upper() if key == "ENCODING" else value,)


def _decoded(value: str, charset: str) -> str:
    octets = binascii.a2b_qp(value.encode("utf-8", "replace"))
    named = charset.lower() if charset.lower().startswith(_CHARSETS) else "utf-8"
    for encoding in (named, "utf-8", "cp1252"):
        try:
            return octets.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return octets.decode("latin-1")
