"""Reads a profile's YAML into `nodes`, from parser events only: nothing is constructed, guessed or resolved.

What YAML offers beyond mappings, lists and texts (tags, anchors, aliases, merge keys, several documents) is refused,
because it surprises people and lets a small file grow huge. Any text at all gives a `Document`, never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as AbstractSequence
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.scanner import Scanner, ScannerError

from pbx_rules.collector import without_collector
from pbx_rules.diagnostics import MOST_FINDINGS, Diagnostic, Findings, Note, Span
from pbx_rules.document.nodes import UNREADABLE, Document, Mapping, Node, Scalar, Sequence, Style
from pbx_rules.document.places import SourceText
from pbx_rules.document.recovery import SPOILED, Section, Value, alone, sections, value_around, without, without_values
from pbx_rules.document.yaml_errors import explain

LONGEST = 2_000_000
"""Characters of a file."""
MOST_LINES = 100_000
DEEPEST = 32
LONGEST_TAG = 1_000
MOST_NODES = 50_000
MOST_FIXED = 20
"""Spoiled expressions that the reading gets past; each costs another reading."""
MOST_READ_AGAIN = 200_000
"""Characters that all these readings may have together."""

_TOO_DEEP = f"nested deeper than {DEEPEST} levels"
_SLIP = "no profile needs that: look for a typing slip"
_STYLES: dict[str | None, Style] = {None: "plain", "'": "quoted", '"': "quoted", "|": "literal", ">": "folded"}
REFUSED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|(?<!^)\ufeff"
)
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


@without_collector()
def load(text: str, file: str) -> Document:
    """`file` is only named in the diagnostics."""
    source, findings = SourceText(text), Findings(file)
    if len(text) > LONGEST:
        findings.add(
            "R0009",
            f"the file has {len(text)} characters, {LONGEST} are allowed",
            source.span(0, 0),
            hint="divide it into several profiles",
        )
    elif source.lines > MOST_LINES:
        message = f"the file has {source.lines} lines, {MOST_LINES} are allowed"
        findings.add("R0009", message, source.span(0, 0), hint="divide it into several profiles")
    for refused in REFUSED.finditer(text):
        if findings.full:
            break
        _refuse_character(refused, source, findings)
    if findings.failed and len(text) > MOST_READ_AGAIN:
        return Document(None, findings.sorted, file, text)
    readable = REFUSED.sub("\ufffd", text)
    read = _read(readable, file)
    found = _sorted([*findings.sorted, *read.found])
    if read.ended:
        document = Document(None, found, file, text)
        return _with_rest(document, readable) if len(text) <= MOST_READ_AGAIN else document
    if any(one.code in UNREADABLE for one in found) and isinstance(read.root, Mapping):
        return Document(None, found, file, text, read.root, _spoiled(read.root, text))
    return Document(read.root, found, file, text)


@dataclass(frozen=True, slots=True)
class _Reading:
    root: Node | None
    found: tuple[Diagnostic, ...]
    ended: Span | None
    """Where nothing more could be read."""


def _read(text: str, file: str) -> _Reading:
    """Without the values that YAML cannot read, as far as it can be read then."""
    spoiled: list[Value] = []
    builder = _built(text, file, spoiled)
    for _ in range(_readings(text, MOST_FIXED)):
        value = value_around(builder.error, builder.source) if builder.error else None
        if value is None:
            break
        spoiled.append(value)
        builder = _built(text, file, spoiled)
    if builder.root and len(spoiled) > 1:
        builder = _blamed(text, file, spoiled, builder)
    return _Reading(builder.root, builder.findings.sorted, builder.ended)


def _built(text: str, file: str, spoiled: AbstractSequence[Value]) -> _Builder:
    findings = Findings(file)
    for value in spoiled:
        value.report(SourceText(text), findings)
    builder = _Builder(SourceText(without_values(text, spoiled)), findings)
    builder.build()
    return builder


def _blamed(text: str, file: str, spoiled: AbstractSequence[Value], built: _Builder) -> _Builder:
    """Without those values only that cannot be read though the others are gone: where a quote is not closed, many a
    sound value seems to be wrong."""
    guilty = [value for value in spoiled if not _built(text, file, [other for other in spoiled if other != value]).root]
    again = _built(text, file, guilty)
    return again if again.root else built


def _readings(text: str, most: int) -> int:
    return min(most, MOST_READ_AGAIN // (len(text) + 1))


def _sorted(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (one.span.line, one.span.column))[:MOST_FINDINGS])


def _spoiled(root: Mapping, text: str) -> dict[str, str]:
    """The sections that are one value that could not be read."""
    spoiled = {key.text for key, value in root.items if isinstance(value, Scalar) and value.text.startswith(SPOILED)}
    return {found.name: text[found.start : found.end] for found in sections(text) if found.name in spoiled}


def _with_rest(document: Document, text: str) -> Document:
    """What can be read although some sections cannot; nothing if nobody knows which are to blame."""
    broken = _broken(text, document.file)
    rest = _read(without(text, broken), document.file)
    if not broken or not isinstance(rest.root, Mapping):
        return document
    each = [_read(alone(text, section), document.file) for section in broken]
    said = [one for one in document.diagnostics if one.code != "R0001" or not all(reading.ended for reading in each)]
    own = [one for reading in each for one in reading.found]
    return replace(
        document,
        diagnostics=_sorted([*said, *own, *rest.found]),
        rest=rest.root,
        unread=_spoiled(rest.root, document.text)
        | {section.name: document.text[section.start : section.end] for section in broken},
    )


def _broken(text: str, file: str) -> list[Section]:
    """The sections without which the rest can be read, as far as that is found out in reasonable time."""
    every, broken, source = sections(text), list[Section](), SourceText(text)
    for _ in range(_readings(text, MOST_FIXED)):
        ended = _read(without(text, broken), file).ended
        if ended is None:
            break
        begun = [section for section in every if source.position(section.start)[0] <= ended.line]
        if not begun or begun[-1] in broken:
            return []
        broken.append(begun[-1])
    return _guilty(text, broken, file)


def _guilty(text: str, broken: list[Section], file: str) -> list[Section]:
    """Without those that can be read alone: a quote that is not closed ends in a later section."""
    guilty = [section for section in broken if _read(alone(text, section), file).ended]
    return broken if not guilty or _read(without(text, guilty), file).ended else guilty


def _refuse_character(found: re.Match[str], source: SourceText, findings: Findings) -> None:
    findings.add(
        "R0002",
        f"the character U+{ord(found[0]):04X} may not stand in a profile",
        source.span(found.start(), found.end()),
        label="an invisible character" if not found[0].isprintable() else "",
        hint="delete it, and save the file as UTF-8",
    )


class _TooDeep(Exception):
    """Carries the offset of the bracket that is one too many."""


class _Scanner(Scanner):
    """Stops at deep brackets and long tags itself: it reads ahead of its events, and the time grows with the square of
    the depth, and of the length."""

    def fetch_flow_collection_start(self, TokenClass: Any, to_push: str) -> None:
        if len(self.flow_context) >= DEEPEST:
            raise _TooDeep(self.reader.get_mark().index)
        super().fetch_flow_collection_start(TokenClass, to_push)

    def fetch_tag(self) -> None:
        """A tag is refused in any case, and one of a megabyte would take half a minute to be read."""
        if len(self.reader.prefix(LONGEST_TAG + 1).split(maxsplit=1)[0]) > LONGEST_TAG:
            raise ScannerError(None, None, "a YAML tag is not allowed", self.reader.get_mark())
        super().fetch_tag()


@dataclass
class _Open:
    """A mapping or list whose end is still to come; a mapping's keys and values alternate."""

    start: int
    is_mapping: bool
    children: list[Node] = field(default_factory=list)
    keys: dict[str, Span] = field(default_factory=dict)


class _Builder:
    def __init__(self, source: SourceText, findings: Findings) -> None:
        self.source = source
        self.findings = findings
        self.root: Node | None = None
        self.error: MarkedYAMLError | None = None
        self.ended: Span | None = None
        """Where no more could be read, as what follows is no YAML."""
        self._open: list[_Open] = [_Open(0, is_mapping=False)]
        self._nodes = 0

    def build(self) -> None:
        try:
            if all(self._take(event) for event in self._events()):
                self.root = next(iter(self._open[0].children), None)
        except _TooDeep as error:
            at = int(error.args[0])
            self.findings.add("R0007", _TOO_DEEP, self.source.span(at, at + 1), hint=_SLIP)
        except MarkedYAMLError as error:
            self.error = error
            self.ended = explain(error, self.source, self.findings)
        except (YAMLError, ValueError, IndexError, AttributeError, TypeError) as error:
            # ruamel.yaml lets slips of its own through for some malformed texts
            self.ended = self.source.span(0, 0)
            self.findings.add("R0001", f"this is not YAML: {error}", self.ended)

    def _events(self) -> Iterator[Any]:
        yaml = YAML(typ="safe", pure=True)
        yaml.Scanner = _Scanner
        return iter(yaml.parse(self.source.text))

    def _take(self, event: Event) -> bool:
        """False when there is no point in going on."""
        match event:
            case DocumentStartEvent():
                return self._document(event)
            case MappingStartEvent() | SequenceStartEvent():
                self._refuse_decorations(event)
                self._open.append(_Open(event.start_mark.index, isinstance(event, MappingStartEvent)))
                return self._within_limits(event)
            case MappingEndEvent() | SequenceEndEvent():
                self._close(event)
            case ScalarEvent():
                self._refuse_decorations(event)
                self._add(self._scalar(event))
                return self._within_limits(event)
            case AliasEvent():
                self._refuse("R0004", "a YAML alias is not allowed", event, "write the value out")
                self._add(Scalar("", self._span(event), "plain", self.source, *self._ends(event)))
        return True

    def _document(self, event: DocumentStartEvent) -> bool:
        if event.version or event.tags:
            self._refuse("R0003", "a YAML directive is not allowed", event, "delete the lines that begin with %")
        if not self._open[0].children:
            return True
        self._refuse("R0008", "a second document begins here", event, "put each profile into a file of its own")
        self.root = self._open[0].children[0]
        return False

    def _within_limits(self, event: Event) -> bool:
        self._nodes += 1
        if len(self._open) > DEEPEST + 1:
            self._refuse("R0007", _TOO_DEEP, event, _SLIP)
            return False
        if self._nodes > MOST_NODES:
            self._refuse("R0009", f"the file has more than {MOST_NODES} keys and values", event, "divide it")
            return False
        return True

    def _close(self, event: Event) -> None:
        done = self._open.pop()
        span = self.source.span(done.start, max(done.start, event.end_mark.index))
        if not done.is_mapping:
            self._add(Sequence(tuple(done.children), span))
            return
        pairs = zip(done.children[::2], done.children[1::2], strict=True)
        self._add(Mapping(tuple((key, value) for key, value in pairs if isinstance(key, Scalar)), span))

    def _add(self, node: Node) -> None:
        parent = self._open[-1]
        if parent.is_mapping and len(parent.children) % 2 == 0:
            self._check_key(node, parent)
        parent.children.append(node)

    def _check_key(self, key: Node, parent: _Open) -> None:
        if not isinstance(key, Scalar):
            self.findings.add("R0010", "a key must be a text", key.span, hint="put it in quotes")
        elif key.text == "<<" and key.style == "plain":
            self.findings.add("R0005", "merge keys are not allowed", key.span, hint="write the keys out")
        elif key.text in parent.keys:
            self.findings.add(
                "R0006",
                f"the key {key.text!r} stands twice",
                key.span,
                label="the second time",
                hint="delete one of them",
                notes=[Note(parent.keys[key.text], "the first time")],
            )
        else:
            parent.keys[key.text] = key.span

    def _scalar(self, event: ScalarEvent) -> Scalar:
        text = _SURROGATE_PAIR.sub(_join_surrogates, event.value)
        start, end = self._ends(event)
        if start == end:  # an empty value stands behind its key
            while start and self.source.text[start - 1].isspace():
                start -= 1
            end = start
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._refuse("R0002", "half of a two-part \\u escape", event, "write the character itself")
        return Scalar(text, self.source.span(start, end), _STYLES[event.style], self.source, start, end)

    def _refuse_decorations(self, event: Any) -> None:
        """Without their names: they may be the beginning of a password."""
        if event.anchor is not None:
            self._refuse("R0004", "a YAML anchor is not allowed", event, "delete it; write values out")
        if event.tag is not None:
            self._refuse("R0003", "a YAML tag is not allowed", event, "delete it; values are texts")

    def _refuse(self, code: str, message: str, event: Event, hint: str) -> None:
        self.findings.add(code, message, self._span(event), hint=hint)

    def _ends(self, event: Event) -> tuple[int, int]:
        return event.start_mark.index, event.end_mark.index

    def _span(self, event: Event) -> Span:
        return self.source.span(*self._ends(event))


def _join_surrogates(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")
