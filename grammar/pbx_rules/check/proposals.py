"""What a hint tells people to type: their own text, put right. A test applies every hint that is made here."""

from __future__ import annotations

from pbx_rules.check.foreign import native
from pbx_rules.check.scope import Scope
from pbx_rules.syntax import tree

LONGEST = 300
"""Characters of a text that is written again in a hint."""


def written(node: tree.Expression, scope: Scope) -> str:
    """The expression as one would type it; as it stands if it is long, or says what cannot be said here."""
    typed = scope.text(node.at)
    return _printed(native(node, scope)) if _sayable(node, scope) else typed


def replacing(call: tree.Call, scope: Scope) -> str:
    """What can stand in the place of a function of another language; empty if nothing can."""
    if not _sayable(call, scope):
        return ""
    node = native(call, scope)
    return "" if node == call else _in_place(node, call.at, scope)


def is_sum(node: tree.Expression, scope: Scope) -> bool:
    """Whether it stands for arithmetic, which is reported."""
    from pbx_rules.syntax.corrected import computes

    return isinstance(node, tree.Concat) and computes(scope.text(node.at))


def _sayable(node: tree.Expression, scope: Scope) -> bool:
    from pbx_rules.syntax.corrected import computes  # with Lark, which a profile without expressions does without

    return node.at.end - node.at.start <= LONGEST and not computes(scope.text(node.at))


def _printed(node: tree.Expression) -> str:
    from pbx_rules.syntax import printer

    return printer.expression(node)


def proposed(node: tree.Expression, scope: Scope, *, otherwise: str = "") -> str:
    """`write …` with a node that is made of what stands in the text."""
    text = _printed(native(node, scope))
    return f"write {text}" if len(text) <= LONGEST else otherwise


def _in_place(node: tree.Expression, at: tree.At, scope: Scope) -> str:
    """In parentheses where its neighbours would take it apart."""
    from pbx_rules.syntax import printer

    before, after = scope.around(at)
    alone = (not before or before in "(,;=:") and (not after or after in "),;")
    return printer.expression(node) if alone else printer.held(node, printer.ATOM)
