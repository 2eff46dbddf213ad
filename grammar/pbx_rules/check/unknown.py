"""What is said about names that nobody knows: what was probably meant, in the user's own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pbx_rules.check import foreign, proposals
from pbx_rules.check.convert import BROKEN
from pbx_rules.check.scope import Scope
from pbx_rules.check.vocabulary import FOREIGN_FUNCTIONS, FOREIGN_NAMES
from pbx_rules.diagnostics import Note
from pbx_rules.suggest import nearest
from pbx_rules.syntax import tree
from pbx_rules.typed import Typed
from pbx_rules.types import Type


def meant(word: str, candidates: Iterable[str], form: str = "{}") -> str:
    """`did you mean ...?`, or nothing."""
    found = nearest(word, candidates)
    return f"did you mean {form.format(found)}?" if found else ""


def field(node: tree.Field, scope: Scope) -> Typed:
    name = node.name
    if name in scope.loops or name in scope.names.later:
        hint = f"a variable stands without brackets: {name}"
        scope.complain("R0210", f"{name} is a variable, no source field", node.at, hint=hint)
        return BROKEN
    hint = meant(name, scope.names.fields, "[{}]")
    scope.complain("R0201", f"unknown field [{name}]", node.at, label="this source has no such field", hint=hint)
    return BROKEN


def name(node: tree.Name, scope: Scope) -> Typed:
    word, names = node.name, scope.names
    foreign = FOREIGN_NAMES.get(word.lower())
    if word in names.later:
        note = Note(names.later[word], "defined here")
        hint = f"put this below line {names.later[word].line}, where {word} is defined"
        scope.complain("R0206", f"{word} is used above its definition", node.at, hint=hint, note=note)
    elif word in names.fields:
        scope.complain("R0210", f"{word} is a source field", node.at, hint=f"a field stands in brackets: [{word}]")
    elif foreign:
        scope.complain("R0120", f"`{word}` is no word of this language", node.at, hint=f"write {foreign}")
    elif word in names.tables:
        scope.complain("R0202", f"{word} is a table", node.at, hint=f"write lookup({word}, …)")
    elif names.functions.get(word):
        hint = f"a function has parentheses: {word}(…)"
        scope.complain("R0202", f"unknown variable {word}", node.at, hint=hint)
    else:
        hint = meant(word, [*names.variables, *scope.loops]) or _as_field(word, scope)
        scope.complain("R0202", f"unknown variable {word}", node.at, label="no rule above defines it", hint=hint)
    return BROKEN


def _as_field(word: str, scope: Scope) -> str:
    if not scope.names.closed:
        return f'a field stands in brackets: [{word}]; text stands in quotes: "{word}"'
    return meant(word, scope.names.fields, "[{}]") or f'text stands in quotes: "{word}"'


def function(node: tree.Call, scope: Scope) -> Typed:
    if node.function.lower() in FOREIGN_FUNCTIONS:
        _foreign(node, scope)
    else:
        hint = meant(node.function, scope.names.functions.names(), "{}(…)")
        scope.complain("R0203", f"unknown function {node.function}", node.name_at, hint=hint)
    return BROKEN


def _foreign(node: tree.Call, scope: Scope) -> None:
    message, label = f"`{node.function}` is no function of this language", FOREIGN_FUNCTIONS[node.function.lower()]
    here = proposals.replacing(node, scope)
    scope.complain("R0120", message, node.name_at, label=f"here: {label}", hint=f"write {here}" if here else "")
    if foreign.is_lookup(node) and len(node.arguments) > 1:
        sought = node.arguments[1].value
        if not isinstance(sought, tree.Name) or sought.name not in scope.names.tables:
            table(sought, scope)


def table(node: tree.Expression, scope: Scope) -> Typed:
    word = scope.text(node.at)
    hint = meant(word.strip('"[]'), scope.names.tables) or _tables(word, scope)
    scope.complain("R0204", f"unknown table {word}", node.at, hint=hint)
    return BROKEN


def _tables(word: str, scope: Scope) -> str:
    if scope.names.tables:
        return f"tables of this profile: {', '.join(scope.names.tables)}"
    name = word if word.isidentifier() else "departments"
    return f"the profile has no `tables:`; add them beside `rules:`, such as tables: {{{name}: {{key: value}}}}"


def part(node: tree.Part, parts: Mapping[str, Type], scope: Scope) -> Typed:
    hint = meant(node.name, parts) or f"its parts: {', '.join(parts)}"
    scope.complain("R0209", f"{scope.text(node.of.at)} has no part {node.name}", node.name_at, hint=hint)
    return BROKEN


def parts_of(node: tree.Part, of: Type, scope: Scope) -> Typed:
    text = scope.text(node.of.at)
    hint = f"first({text}).{node.name}, or (each x in {text} give x.{node.name})" if of.kind == "list" else ""
    scope.complain("R0316", f"a {of.kind} has no parts", node.name_at, label=f"{text} is a {of}", hint=hint)
    return BROKEN
