"""The statements of a profile's `rules:` as a form shows them, and where the parts of each stand.

A statement that the language cannot read is there as well: what people have half typed must not vanish.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from pbx_rules.check.vocabulary import KEYWORDS
from pbx_rules.syntax.statements import Chunk, split
from pbx_rules.syntax.tree import At

_DEFINITION = re.compile(r"(?P<name>[^\W\d]\w*)(?P<gap>[ \t]*)=(?!=)\s*")
_NAME = re.compile(r"[^\W\d]\w*")

Kind = Literal["define", "keep", "skip", "other"]


@dataclass(frozen=True, slots=True)
class Statement:
    kind: Kind
    """`other`: neither a variable nor a filter, as far as anybody can tell."""
    name: str = ""
    """Of a variable."""
    rule: str = ""
    """A variable's expression, a filter's condition; of another statement the whole. Further lines stand as deep as
    they do among each other."""
    because: str = ""
    """Of a filter."""
    comment: str = ""
    """Behind it on its last line, with the `#`."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A statement and where its parts stand in the text of the rules."""

    statement: Statement
    whole: At
    """From its first character to its last, without comments."""
    extent: At
    """With comments that are indented below it."""
    name: At
    rule: At
    reason: At
    """From `because` on; empty behind the condition if there is none."""
    inner_comment: bool
    """Whether a comment stands between its words."""


def placed_statements(rules: str) -> tuple[Placed, ...]:
    return tuple(_placed(chunk) for chunk in split(rules))


def is_name(name: str) -> bool:
    """Whether a variable can be called that."""
    return bool(_NAME.fullmatch(name)) and name.lower() not in KEYWORDS


def dedented(text: str) -> str:
    """A rule as people see it: its further lines without the indentation that they share."""
    first, *others = text.split("\n")
    depth = min((len(line) - len(line.lstrip()) for line in others if line.strip()), default=0)
    return "\n".join([first.rstrip(), *(line[depth:].rstrip() for line in others)])


def _placed(chunk: Chunk) -> Placed:
    found = _kept(chunk.text) if len(chunk.text) <= _LONGEST_KEPT else _divided(chunk.text)
    whole, extent, name, rule, reason = (At(chunk.start + at.start, chunk.start + at.end) for at in found.places)
    return Placed(found.statement, whole, extent, name, rule, reason, found.inner_comment)


class _Divided(NamedTuple):
    """A statement and where its parts stand in it."""

    statement: Statement
    places: tuple[At, At, At, At, At]
    inner_comment: bool


def _divided(text: str) -> _Divided:
    from pbx_rules.syntax.tokens import end_of_code, has_inner_comment  # with Lark, which takes time to load

    code = text[: end_of_code(text)]
    rest = text[len(code) :]
    comment = rest.partition("\n")[0].strip()
    kind, name, rule, reason = _parts(code)
    because = _reason(code[reason.start :])
    said = code if kind == "other" else code[rule.start : rule.end]
    statement = Statement(kind, code[name.start : name.end], dedented(said), because, comment)
    extent = At(0, len(code) + _tail(rest))
    return _Divided(statement, (At(0, len(code)), extent, name, rule, reason), has_inner_comment(code))


_kept = lru_cache(maxsize=5_000)(_divided)
"""Each edit reads all rules again, of which most are as they were."""
_LONGEST_KEPT = 1_000


def _tail(rest: str) -> int:
    """How many characters behind the code belong to it: what is left of its line, and comments indented below."""
    length = 0
    for number, line in enumerate(rest.split("\n")):
        if number and not (line[:1].isspace() and line.strip()):
            break
        length += len(line) + bool(number)
    return length


def _parts(code: str) -> tuple[Kind, At, At, At]:
    """The kind; the places of the name, the rule and the reason."""
    end = At(len(code), len(code))
    found = _DEFINITION.match(code)
    if found and is_name(found["name"]):
        return "define", At(*found.span("name")), At(found.end(), len(code)), end
    kind, rule, reason = _filter(code)
    return kind, At(0, 0), rule, reason


def _filter(code: str) -> tuple[Kind, At, At]:
    from pbx_rules.syntax.tokens import lexer

    tokens = [(token.type, token.start_pos or 0, token.end_pos or 0) for token in lexer().lex(code)]
    kinds = [kind for kind, _, _ in tokens]
    if kinds[:2] not in (["_KEEP", "_WHEN"], ["_SKIP", "_WHEN"]):
        return "other", At(0, len(code)), At(len(code), len(code))
    start, end = tokens[1][2], len(code)
    if kinds[-2:] == ["_BECAUSE", "TEXT"]:
        end = tokens[-2][1]
    inner = code[start:end]
    rule = At(start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip()))
    return ("keep" if kinds[0] == "_KEEP" else "skip"), rule, At(end, len(code))


def _reason(raw: str) -> str:
    text = raw.partition('"')[2][:-1]
    return text.replace('""', '"')


def lines_of(statement: Statement, width: int = 0) -> Iterator[str]:
    """A new statement as it is written; a variable's `=` stands behind `width` characters at least."""
    from pbx_rules.syntax.tokens import quoted

    if statement.kind == "define":
        text = f"{statement.name:<{width}} = {statement.rule}"
    else:
        reason = f" because {quoted(statement.because)}" if statement.because else ""
        text = f"{statement.kind} when {statement.rule}{reason}"
    yield from continued(text.rstrip()).split("\n")


def continued(rule: str, indent: str = "  ") -> str:
    """A rule of several lines, the further ones indented as the language wants it."""
    first, *others = rule.split("\n")
    return "\n".join([first.rstrip(), *(indent + line.rstrip() if line.strip() else "" for line in others)])


def indent_of(code: str) -> str:
    """That of a statement's further lines."""
    depth = min((len(line) - len(line.lstrip()) for line in code.split("\n")[1:] if line.strip()), default=0)
    return " " * (depth or 2)


def normalized(rule: str) -> str:
    """A rule as it will be read back from the file: without blanks and empty lines around it."""
    return dedented(rule.replace("\r\n", "\n").replace("\r", "\n").strip())
