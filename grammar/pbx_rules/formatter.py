"""Formats a rules block: one canonical layout that keeps comments, statements that cannot be read, and the meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pbx_rules.diagnostics import Findings
from pbx_rules.syntax import printer, tree
from pbx_rules.syntax.parser import parse_statement
from pbx_rules.syntax.statements import Chunk, split
from pbx_rules.syntax.tokens import end_of_code, has_inner_comment
from pbx_rules.trial import scalar

WIDTH = 100
_WIDEST_NAME = 24
"""Up to here the `=` of definitions that follow each other stand in one column."""


@dataclass
class _Block:
    """A statement as it will be written, and the comments and empty lines behind it."""

    name: str | None
    """Of a definition whose `=` is aligned."""
    lines: list[str]
    comment: str
    """At the end of the statement's last line."""
    tail: list[str]


def format_rules(text: str) -> str:
    """The formatted block. Formatting twice changes nothing more."""
    chunks = list(split(text))
    head = text[: chunks[0].start] if chunks else text
    blocks = [_block(chunk) for chunk in chunks]
    lines = [line.strip() for line in head.splitlines()]
    for group in _groups(blocks):
        lines += _written(group)
    return _tidy(lines)


def _block(chunk: Chunk) -> _Block:
    end = end_of_code(chunk.text)
    comment, *tail = chunk.text[end:].removesuffix("\n").split("\n")
    lines, name = _statement(Chunk(0, chunk.text[:end], chunk.indented))
    return _Block(name, lines, comment.strip(), [_tail_line(line) for line in tail])


def _tail_line(line: str) -> str:
    return f"  {line.strip()}" if line[:1].isspace() and line.strip() else line.strip()


def _statement(chunk: Chunk) -> tuple[list[str], str | None]:
    parsed = None if chunk.indented or has_inner_comment(chunk.text) else _parsed(chunk)
    if parsed is None:
        return [line.rstrip() for line in chunk.text.split("\n")], None
    if isinstance(parsed, tree.Filter):
        start = f"{'keep' if parsed.keep else 'skip'} when "
        return _laid_out(start, parsed.condition, printer.reason(parsed)), None
    return _laid_out(f"{parsed.name} = ", parsed.value, ""), parsed.name


def _parsed(chunk: Chunk) -> tree.Statement | None:
    """None for what has mistakes, corrected ones too: those are the user's to put right."""
    findings = Findings("")
    parsed = parse_statement(chunk, scalar(chunk.text), findings)
    return None if findings.failed else parsed


def _laid_out(start: str, node: tree.Expression, end: str) -> list[str]:
    flat = start + printer.expression(node) + end
    if len(flat) <= WIDTH:
        return [flat]
    first, *others = _broken(node)
    lines = [start + first, *(f"  {line}" for line in others)]
    if end and len(lines[-1] + end) > WIDTH:
        return [*lines, f"  {end.strip()}"]
    return [*lines[:-1], lines[-1] + end]


def _broken(node: tree.Expression) -> Iterator[str]:
    """A long expression, divided at its outermost commas or words."""
    match node:
        case tree.Call(_, arguments) if arguments:
            yield f"{printer.call_name(node)}("
            yield from (f"  {printer.argument(each)}," for each in arguments[:-1])
            yield f"  {printer.argument(arguments[-1])})"
        case tree.Else(several):
            yield from _by_word(several, "else", 2)
        case tree.Or(several):
            yield from _by_word(several, "or", 3)
        case tree.And(several):
            yield from _by_word(several, "and", 4)
        case tree.Concat(several):
            yield from _by_word(several, "&", 7)
        case _:
            yield printer.expression(node)


def _by_word(several: Iterable[tree.Expression], word: str, strength: int) -> Iterator[str]:
    for number, node in enumerate(several):
        yield f"{word} " * bool(number) + printer.held(node, strength)


def _groups(blocks: Iterable[_Block]) -> Iterator[list[_Block]]:
    """Definitions that follow each other with nothing in between."""
    group: list[_Block] = []
    for block in blocks:
        if group and (group[-1].tail or group[-1].name is None or block.name is None):
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _written(group: list[_Block]) -> Iterator[str]:
    widths = [len(block.name) for block in group if block.name and len(block.name) <= _WIDEST_NAME]
    for block in group:
        first, *others = block.lines
        if block.name and len(block.name) <= _WIDEST_NAME:
            rest = first[len(block.name) :]
            first = f"{block.name:<{max(widths)}}{rest}"
        lines = [first, *others]
        yield from lines[:-1]
        yield lines[-1] + (f"  {block.comment}" if block.comment else "")
        yield from block.tail


def _tidy(lines: Iterable[str]) -> str:
    """At most one empty line in a row, none at the ends."""
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n")
    return text + "\n" if text else ""
