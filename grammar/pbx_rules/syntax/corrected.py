"""Reports what `tokens` has corrected, each with the user's own text as it is to be typed; called by `parser`."""

from __future__ import annotations

from collections.abc import Sequence

from pbx_rules.syntax import printer, tokens, tree
from pbx_rules.syntax.tokens import INSTEAD_OF_ARITHMETIC, Complain, Correction, lexer

LONGEST = 300
"""Characters of a text that is written again in a hint."""
MOST = 20
"""Hints of one statement that are worked out; each goes down its tree."""


def report(corrections: Sequence[Correction], root: tree.Expression | None, complain: Complain) -> None:
    """`root` is what came of the tokens; None if that could not be read."""
    unsound = [each for each in corrections if not each.proposes]
    for number, each in enumerate(corrections):
        hint = each.hint
        if root is not None and each.proposes and number < MOST:
            node = _around(root, each.at)
            within = any(node.at.start <= other.at.start < node.at.end for other in unsound)
            hint = (not within and _typed_anew(node, each)) or hint
        complain(each.code, each.message, each.at, "", hint)


def _around(node: tree.Expression, at: tree.At) -> tree.Expression:
    """The smallest part of the tree that has the place in it."""
    for child in tree.children(node):
        if child.at.start <= at.start and at.end <= child.at.end:
            return _around(child, at)
    return node


def _typed_anew(node: tree.Expression, correction: Correction) -> str:
    if node.at.end - node.at.start > LONGEST:
        return ""
    if correction.is_sum and isinstance(node, tree.Concat) and any(isinstance(p, tree.Number) for p in node.parts):
        return INSTEAD_OF_ARITHMETIC
    return f"write {printer.expression(tree.mapped(node, tree.without_empty_text))}"


def computes(text: str) -> bool:
    """`tokens.computes` for text that was typed."""
    return tokens.computes(list(lexer().lex(text)))
