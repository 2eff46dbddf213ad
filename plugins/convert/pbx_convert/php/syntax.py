"""PHP, parsed: the tree that tree-sitter makes, or the reason why there is none."""

from __future__ import annotations

from functools import cache

import tree_sitter_php
from tree_sitter import Language, Node, Parser

from pbx_convert.findings import CannotSay

LONGEST = 6_000
"""Bytes of one snippet. Correct PHP is parsed at once, but what is none is parsed around its mistakes: 20,000 bytes of
single letters took a quarter of a second."""
MOST_NODES = 4_000
DEEPEST = 60
"""Of the syntax tree: everything that follows it recurses."""


@cache
def _parser(inside_tags: bool) -> Parser:
    language = tree_sitter_php.language_php() if inside_tags else tree_sitter_php.language_php_only()
    return Parser(Language(language))


def parse(text: str) -> Node:
    """The program. Raises `CannotSay` for what is no PHP, or more of it than any profile has."""
    raw = text.encode("utf-8", "replace")
    if len(raw) > LONGEST:
        raise CannotSay(f"it has {len(raw):,} bytes, and a rule is made of {LONGEST:,} at most: divide it")
    root = _parser(text.lstrip().startswith("<?")).parse(raw).root_node
    _check(root)
    return root


def _check(root: Node) -> None:
    """Goes through the tree without recursion, however deep it is; what is first in the text is told."""
    waiting, count = [(root, 0)], 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if node.is_missing:
            raise CannotSay(f"this is no PHP: a `{node.type}` is missing", line_of(node))
        if node.is_error and not any(child.has_error for child in node.children):
            raise CannotSay(f"this is no PHP, from `{shortened(source(node))}` on", line_of(node))
        if depth > DEEPEST or count > MOST_NODES:
            raise CannotSay("it is too deeply nested, or too long", line_of(node))
        waiting += [(child, depth + 1) for child in reversed(node.children)]


def line_of(node: Node) -> int:
    return int(node.start_point[0]) + 1


def source(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def named(node: Node) -> list[Node]:
    """Its named children, without comments."""
    return [child for child in node.named_children if child.type != "comment"]


def part(node: Node, field: str) -> Node:
    """Raises `CannotSay` if it is left out, as PHP allows in places."""
    found = node.child_by_field_name(field)
    if found is None:
        raise CannotSay(f"`{shortened(source(node))}` has no counterpart", line_of(node))
    return found


def shortened(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= 60 else f"{one_line[:57]}..."
