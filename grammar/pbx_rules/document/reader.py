"""Reads a profile's YAML into `nodes`, from parser events only: nothing is constructed, guessed or resolved.

What YAML offers beyond mappings, lists and texts (tags, anchors, aliases, merge keys, several documents) is refused,
because it surprises people and lets a small file grow huge. Any text at all gives a `Document`, never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
from ruamel.yaml.scanner import Scanner

from pbx_rules.diagnostics import Findings, Note, Span
from pbx_rules.document.nodes import Document, Mapping, Node, Scalar, Sequence, Style
from pbx_rules.document.places import SourceText
from pbx_rules.document.recovery import recovered, without_section
from pbx_rules.document.yaml_errors import explain

LONGEST = 2_000_000
"""Characters of a file."""
DEEPEST = 32
MOST_NODES = 50_000
MOST_FIXED = 20
"""Spoiled expressions that the reading gets past; each costs another reading."""
MOST_READ_AGAIN = 200_000
"""Characters that all these readings may have together."""

_TOO_DEEP = f"nested deeper than {DEEPEST} levels"
_SLIP = "no profile needs that: look for a typing slip"
_STYLES: dict[str | None, Style] = {None: "plain", "'": "quoted", '"': "quoted", "|": "literal", ">": "folded"}
_REFUSED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|(?<!^)\ufeff"
)
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


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
    for found in _REFUSED.finditer(text):
        if findings.full:
            break
        _refuse_character(found, source, findings)
    root = (
        None
        if findings.failed
        else _Builder(source, findings, min(MOST_FIXED, MOST_READ_AGAIN // (len(text) + 1))).build()
    )
    document = Document(root, findings.sorted, file, text)
    return document if root or len(text) > MOST_READ_AGAIN else _with_rest(document)


def _with_rest(document: Document) -> Document:
    """What can be read although one section cannot; nothing if another cannot either, as nobody knows then which is
    to blame."""
    ended = next((found for found in document.diagnostics if found.code == "R0001"), None)
    section = without_section(document.text, ended.span.line) if ended else None
    if ended is None or section is None:
        return document
    name, text = section
    findings = Findings(document.file)
    rest = _Builder(SourceText(text), findings, min(MOST_FIXED, MOST_READ_AGAIN // (len(text) + 1))).build()
    if not isinstance(rest, Mapping) or any(found.code == "R0001" for found in findings.sorted):
        return document
    found = sorted({*document.diagnostics, *findings.sorted}, key=lambda one: (one.span.line, one.span.column))
    return replace(document, diagnostics=tuple(found), rest=rest, unread=name)


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
    """Stops at deep brackets itself: it reads ahead of its events, and the time grows with the square of the depth."""

    def fetch_flow_collection_start(self, TokenClass: Any, to_push: str) -> None:
        if len(self.flow_context) >= DEEPEST:
            raise _TooDeep(self.reader.get_mark().index)
        super().fetch_flow_collection_start(TokenClass, to_push)


@dataclass
class _Open:
    """A mapping or list whose end is still to come; a mapping's keys and values alternate."""

    start: int
    is_mapping: bool
    children: list[Node] = field(default_factory=list)
    keys: dict[str, Span] = field(default_factory=dict)


class _Builder:
    def __init__(self, source: SourceText, findings: Findings, recoveries: int) -> None:
        self._source = source
        self._findings = findings
        self._recoveries = recoveries
        self._open: list[_Open] = [_Open(0, is_mapping=False)]
        self._nodes = 0

    def build(self) -> Node | None:
        try:
            for event in self._events():
                if not self._take(event):
                    return None
        except _TooDeep as error:
            at = int(error.args[0])
            self._findings.add("R0007", _TOO_DEEP, self._source.span(at, at + 1), hint=_SLIP)
            return None
        except MarkedYAMLError as error:
            source = recovered(error, self._source, self._findings) if self._recoveries else None
            if source:
                return _Builder(source, self._findings, self._recoveries - 1).build()
            explain(error, self._source, self._findings)
            return None
        except (YAMLError, ValueError, IndexError, AttributeError, TypeError) as error:
            # ruamel.yaml lets slips of its own through for some malformed texts
            self._findings.add("R0001", f"this is not YAML: {error}", self._source.span(0, 0))
            return None
        roots = self._open[0].children
        return roots[0] if roots else None

    def _events(self) -> Iterator[Any]:
        yaml = YAML(typ="safe", pure=True)
        yaml.Scanner = _Scanner
        return iter(yaml.parse(self._source.text))

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
                self._add(Scalar("", self._span(event), "plain", self._source, *self._ends(event)))
        return True

    def _document(self, event: DocumentStartEvent) -> bool:
        if event.version or event.tags:
            self._refuse("R0003", "a YAML directive is not allowed", event, "delete the lines that begin with %")
        if not self._open[0].children:
            return True
        self._refuse("R0008", "a second document begins here", event, "put each profile into a file of its own")
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
        span = self._source.span(done.start, max(done.start, event.end_mark.index))
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
            self._findings.add("R0010", "a key must be a text", key.span, hint="put it in quotes")
        elif key.text == "<<" and key.style == "plain":
            self._findings.add("R0005", "merge keys are not allowed", key.span, hint="write the keys out")
        elif key.text in parent.keys:
            self._findings.add(
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
            while start and self._source.text[start - 1].isspace():
                start -= 1
            end = start
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._refuse("R0002", "half of a two-part \\u escape", event, "write the character itself")
        return Scalar(text, self._source.span(start, end), _STYLES[event.style], self._source, start, end)

    def _refuse_decorations(self, event: Any) -> None:
        """Without their names: they may be the beginning of a password."""
        if event.anchor is not None:
            self._refuse("R0004", "a YAML anchor is not allowed", event, "delete it; write values out")
        if event.tag is not None:
            self._refuse("R0003", "a YAML tag is not allowed", event, "delete it; values are texts")

    def _refuse(self, code: str, message: str, event: Event, hint: str) -> None:
        self._findings.add(code, message, self._span(event), hint=hint)

    def _ends(self, event: Event) -> tuple[int, int]:
        return event.start_mark.index, event.end_mark.index

    def _span(self, event: Event) -> Span:
        return self._source.span(*self._ends(event))


def _join_surrogates(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")
