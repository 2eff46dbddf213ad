"""Reads placeholders out of the structure's texts: `{{Name}}`, `{{{Name}}}` and `{{p.Number}}`."""

from __future__ import annotations

import re

from pbx_rules import typed
from pbx_rules.check import unknown
from pbx_rules.check.convert import BROKEN, constant_text, to_text, to_written
from pbx_rules.check.expressions import check
from pbx_rules.check.scope import Scope
from pbx_rules.document import Scalar
from pbx_rules.syntax import tree
from pbx_rules.syntax.tree import At
from pbx_rules.typed import Typed
from pbx_rules.types import Type

_PLACEHOLDER = re.compile(r"\{\{\{(?P<triple>[^{}]*)\}\}\}|\{\{(?P<double>[^{}]*)\}\}")
_PATH = re.compile(r"[^\W\d]\w*(?:\.(?:[^\W\d]\w*|\[[^\[\]]+\]))*")
_HELPERS = {
    "#if": "write the condition beside the record's fields: when: '{0} is not blank'",
    "#unless": "write the condition beside the record's fields: when: '{0} is blank'",
    "#each": 'repeat the record with for: item in {0}, and join a list into one text with a rule: join(", ", {0})',
    "/": "delete it, with the `{{#…}}` that it ends",
    "else": "give the fallback in a rule: Name = [A] else [B]",
    "this": "name what `for:` names: for: item in Name, then {{item}}",
    "!": "delete it; a comment begins with # on a line of its own",
}


def check_template(scalar: Scalar, scope: Scope, *, native: bool) -> Typed:
    """A text without placeholders is itself. One placeholder alone keeps its type if `native`."""
    inside = scope.within(scalar)
    text, at = scalar.text, 0
    pieces: list[tuple[Typed, At]] = []
    for found in _PLACEHOLDER.finditer(text):
        if scope.full or not inside.read(At(*found.span())):
            return BROKEN
        _check_literal(text, at, found.start(), inside)
        pieces += _literal(text, at, found.start())
        pieces.append(_placeholder(found, inside))
        at = found.end()
    _check_literal(text, at, len(text), inside)
    return _assembled([*pieces, *_literal(text, at, len(text))], inside, native=native)


def _literal(text: str, start: int, end: int) -> list[tuple[Typed, At]]:
    return [(constant_text(text[start:end]), At(start, end))] if start < end else []


def _assembled(pieces: list[tuple[Typed, At]], scope: Scope, *, native: bool) -> Typed:
    if any(piece.type.kind == "unknown" for piece, _ in pieces):
        return BROKEN
    if len(pieces) == 1:
        ((piece, at),) = pieces
        return piece if native else to_text(piece, scope, at)
    written = tuple(to_written(piece, scope, at) for piece, at in pieces)
    return typed.Concat(written, Type("text", all(piece.type.maybe_blank for piece in written)))


def _check_literal(text: str, start: int, end: int, scope: Scope) -> None:
    for sign, other in (("{{", "}}"), ("}}", "{{")):
        found = text.find(sign, start, end)
        if found >= 0:
            hint = "write {{Name}}" if sign == "{{" else f"there is no {other} before it"
            scope.complain("R0407", f"`{sign}` without `{other}`", At(found, found + 2), hint=hint)
            return


def _placeholder(found: re.Match[str], scope: Scope) -> tuple[Typed, At]:
    inner = found["triple"] if found["triple"] is not None else found["double"]
    name = inner.strip()
    start = found.start() + found[0].index(inner) + len(inner) - len(inner.lstrip())
    at = At(start, start + len(name)) if name else At(*found.span())
    helper = next((hint for word, hint in _HELPERS.items() if _is_helper(name, word)), None)
    if helper:
        hint = helper.format(_asked(name, scope)) if name.startswith("#") else helper
        scope.complain("R0406", f"the block helper {found[0]} is not known here", At(*found.span()), hint=hint)
        return BROKEN, at
    expression = _expression(name.removeprefix("&").strip() if name.startswith("&") else name, at, scope)
    if expression is not None:
        return check(expression, scope), at
    hint = _meant(name, scope)
    scope.complain("R0405", f"{found[0]} names nothing", at, label="neither a variable nor a source field", hint=hint)
    return BROKEN, at


def _meant(name: str, scope: Scope) -> str:
    """The placeholder that was probably meant; of `{{Adress.City}}` the part before the dot."""
    known = [*scope.names.variables, *scope.loops, *scope.names.fields]
    if not name:
        return "write {{Name}}"
    if not _PATH.fullmatch(name):
        free = next(word for word in ("Value", "Computed", "Computed_value") if not scope.knows(word))
        return unknown.meant(name, known, "{{{{{}}}}}") or (
            f"a placeholder holds a name; compute it in a rule: {free} = {name}, and write {{{{{free}}}}}"
        )
    head, dot, rest = name.partition(".")
    return unknown.meant(name, known, "{{{{{}}}}}") or unknown.meant(head, known, "{{{{{}" + dot + rest + "}}}}")


def _asked(helper: str, scope: Scope) -> str:
    """What a block helper asks about, as a rule names it."""
    name = helper.partition(" ")[2].strip() or "Name"
    return f"[{name}]" if name in scope.names.fields and name not in scope.names.variables else name


def _is_helper(name: str, word: str) -> bool:
    if word in ("this", "else"):
        return name == word or name.startswith((word + ".", word + " "))
    return name.startswith(word)


def _expression(name: str, at: At, scope: Scope) -> tree.Expression | None:
    """What a placeholder means: a field whose name it is in full, a variable with parts, a field with parts."""
    names = scope.names
    head, *parts = re.findall(r"\[[^\[\]]+\]|[^.\[\]]+", name) if _PATH.fullmatch(name) else [name]
    base: tree.Expression | None = None
    if head in names.variables or head in scope.loops:
        base = tree.Name(head, at=at)
    elif name in names.fields:
        return tree.Field(name, at=at)
    elif name.startswith("[") and name.endswith("]"):
        return tree.Field(name[1:-1].strip(), at=at)
    elif head in names.fields or (not names.closed and _PATH.fullmatch(head)):
        base = tree.Field(head, at=at)
    if base is None:
        return None
    for part in parts:
        base = tree.Part(base, part.strip("[]").strip(), at=at, name_at=at)
    return base
