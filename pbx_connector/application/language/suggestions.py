"""What can be typed where the cursor is: fields, variables, functions, words; target fields, settings, sources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pbx_rules.check.vocabulary import KEYWORDS

from pbx_connector.application.language import words
from pbx_connector.application.language.keys import spot_at
from pbx_connector.application.language.loops import Loops, loops_of_expression
from pbx_connector.application.language.outline import EXPRESSION, Outline
from pbx_connector.application.language.words import Words

Kind = Literal["field", "variable", "function", "keyword", "table", "key", "value"]

_PLACEHOLDER = re.compile(r"\{\{\{?\s*(\w*)$")
_OPEN_FIELD = re.compile(r"\[([^\[\]]*)$")
_PLACEHOLDER_PART = re.compile(r"\{\{\{?\s*(\w+)\.(\w*)$")
_PART = re.compile(r"\[([^\[\]]+)\]\.(\w*)$")
_PART_OF_NAME = re.compile(r"\b([^\W\d]\w*)\.(\w*)$")
_LOOKUP = re.compile(r"\blookup\s*\(\s*(\w*)$", re.IGNORECASE)
_NAME = re.compile(r"\w*$")
_WORD = re.compile(r"[\w.-]*$")


@dataclass(frozen=True, slots=True)
class Suggestion:
    label: str
    kind: Kind
    insert: str
    start: int
    """The column from which on the text before the cursor is replaced."""
    detail: str = ""
    doc: str = ""


def suggest(outline: Outline, line: int, column: int, known: Words) -> list[Suggestion]:
    """In the order in which they are to be shown. A bracket that the editor has closed already is not closed again."""
    after = outline.lines[line][column : column + 1]
    found = _suggestions(outline, line, column, known)
    return [replace(one, insert=one.insert.removesuffix(after)) for one in found] if after in ("]", "(") else found


def _suggestions(outline: Outline, line: int, column: int, known: Words) -> list[Suggestion]:
    before = outline.before(line, column)
    section = outline.section(line)
    if section == "rules" and before[:1] in (" ", "\t", ""):
        loops = loops_of_expression(outline.statement_before(line, column))
        return list(_in_expression(outline, line, before, before.lstrip(), loops, known))
    if section == "structure":
        if placeholder := _PLACEHOLDER.search(before):
            return list(_placeholders(outline, placeholder.start(1), known))
        if part := _PLACEHOLDER_PART.search(before):
            return list(_parts(outline, part, outline.loops, known))
        if expression := EXPRESSION.search(before):
            loops = outline.loops | loops_of_expression(expression[3])
            return list(_in_expression(outline, len(outline.lines), before, expression[3], loops, known))
    return list(_in_yaml(outline, line, column, known))


def _in_expression(
    outline: Outline, line: int, before: str, text: str, loops: Loops, known: Words
) -> Iterator[Suggestion]:
    if words.in_text_or_comment(text):
        return
    if field := _OPEN_FIELD.search(before):
        yield from _fields(outline, field.start(1), known, closing="]")
    elif part := _PART.search(before):
        parts = known.parts(outline.source, part[1])
        yield from (Suggestion(name, "field", name, part.start(2), kind) for name, kind in parts.items())
    elif part := _PART_OF_NAME.search(before):
        yield from _parts(outline, part, loops, known)
    elif table := _LOOKUP.search(before):
        yield from (Suggestion(name, "table", name, table.start(1)) for name in outline.tables)
    else:
        start = _start_of(_NAME, before)
        if not before[:start].strip():
            yield from (Suggestion(text, "keyword", f"{text} ", start) for text in ("keep when", "skip when"))
        yield from _loop_variables(loops, start)
        yield from _variables(outline, line, start)
        yield from _functions(start, known)
        yield from (Suggestion(word, "keyword", word, start) for word in sorted(KEYWORDS))


def _fields(outline: Outline, start: int, known: Words, *, closing: str) -> Iterator[Suggestion]:
    for field in known.fields(outline.source):
        yield Suggestion(field.name, "field", field.name + closing, start, field.type, field.doc)


def _parts(outline: Outline, found: re.Match[str], loops: Loops, known: Words) -> Iterator[Suggestion]:
    """Of what a loop variable stands for; of others nobody knows them."""
    parts = known.parts_of_each(outline.source, loops.get(found[1], ""))
    yield from (Suggestion(name, "field", name, found.start(2), kind) for name, kind in parts.items())


def _loop_variables(loops: Loops, start: int) -> Iterator[Suggestion]:
    for name, field in loops.items():
        yield Suggestion(name, "variable", name, start, f"each of [{field}]" if field else "")


def _variables(outline: Outline, line: int, start: int) -> Iterator[Suggestion]:
    """Those that are defined above."""
    for name, defined in outline.variables.items():
        if defined.place.line < line:
            yield Suggestion(name, "variable", name, start, doc=defined.text)


def _functions(start: int, known: Words) -> Iterator[Suggestion]:
    for function in known.functions:
        doc = words.function_doc(function)
        yield Suggestion(function.name, "function", f"{function.name}(", start, function.signature, doc)


def _placeholders(outline: Outline, start: int, known: Words) -> Iterator[Suggestion]:
    yield from _loop_variables(outline.loops, start)
    yield from _variables(outline, len(outline.lines), start)
    yield from _fields(outline, start, known, closing="")


def _in_yaml(outline: Outline, line: int, column: int, known: Words) -> Iterator[Suggestion]:
    before = outline.before(line, column)
    spot = spot_at("\n".join([*outline.lines[:line], before]))
    if spot is None:
        return
    start = _start_of(_WORD, before)
    keys = known.keys.below(spot.path, outline.source)
    if not spot.is_key or not keys:  # an element of a list may begin a mapping, as far as YAML can tell
        yield from (Suggestion(text, "value", text, start) for text in known.keys.choices(spot.path, outline.source))
    if not spot.is_key:
        return
    if spot.path == ("tests", "row"):
        yield from (
            Suggestion(f.name, "field", f"{f.name}: ", start, f.type, f.doc) for f in known.fields(outline.source)
        )
    for name, doc in keys.items():
        if spot.path or name not in outline.top_level_keys:
            yield Suggestion(name, "key", f"{name}: ", start, doc=doc)


def _start_of(word: re.Pattern[str], before: str) -> int:
    """Where the word begins that the cursor is at the end of."""
    found = word.search(before)
    return found.start() if found else len(before)
