"""Renames a variable where it is defined and wherever the rules and the structure use it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pbx_rules.document import Mapping, Node, Scalar
from pbx_rules.document import Sequence as Items

from pbx_connector.documents.editing import Path, YamlText
from pbx_connector.documents.layout import NotEditable
from pbx_connector.errors import UsageError
from pbx_connector.profile.rules_block import RulesBlock
from pbx_connector.profile.statements import is_name

_PLACEHOLDER = re.compile(r"(?P<open>\{\{\{?&?[ \t]*)(?P<name>[^\W\d]\w*)(?=[.\s}])")
_EXPRESSIONS = ("when", "for", "key")


def with_variable_renamed(yaml: YamlText, number: int, name: str) -> YamlText:
    """Raises `UsageError`, also for a name that something has already: uses of it would get another meaning."""
    block = RulesBlock(yaml)
    if not 0 <= number < len(block.statements) or block.statements[number].kind != "define":
        raise UsageError(f"statement {number + 1} of the rules is no variable", hint="load the form again")
    old = block.statements[number].name
    if old == name:
        return yaml
    if not is_name(name):
        hint = "letters, digits and underscores, no word of the language, such as Phone"
        raise UsageError(f"{name!r} cannot be the name of a variable", hint=hint)
    if "structure" in yaml.document.unread:
        raise NotEditable("the structure cannot be read, and may use the variable")
    structure = list(_texts(yaml.at(("structure",)), ("structure",)))
    _check_free(name, block.text, structure)
    if yaml.at(("tables", old)) is not None:
        raise NotEditable(f"{old} is also the name of a table")
    changed = block.with_text_replaced(list(_names(block.text, old)), name)
    for path, text in structure:
        changed = changed.with_value(path, _renamed(path, text, old, name))
    return changed


def _check_free(name: str, rules: str, structure: list[tuple[Path, str]]) -> None:
    used = bool(list(_names(rules, name))) or any(_renamed(path, text, name, "") != text for path, text in structure)
    if used:
        raise UsageError(f"{name} is used already", hint="take another name")


def _texts(node: Node | None, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text of the structure."""
    if isinstance(node, Scalar):
        yield path, node.text
    elif isinstance(node, Mapping):
        for key, value in node.items:
            yield from _texts(value, (*path, key.text))
    elif isinstance(node, Items):
        for number, item in enumerate(node.items):
            yield from _texts(item, (*path, number))


def _renamed(path: Path, text: str, old: str, new: str) -> str:
    if path[-1] in _EXPRESSIONS:
        for start, end in reversed(list(_names(text, old))):
            text = text[:start] + new + text[end:]
        return text
    return _PLACEHOLDER.sub(lambda found: found["open"] + new if found["name"] == old else found[0], text)


def _names(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Where an expression, or rules, have that name; functions of that name do not count."""
    from pbx_rules.syntax.tokens import lexer

    tokens = list(lexer().lex(text))
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        is_function = following is not None and following.type == "_OPEN"
        if token.type == "NAME" and token == name and not is_function:
            yield token.start_pos or 0, token.end_pos or 0
