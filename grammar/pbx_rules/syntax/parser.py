"""Builds the tree of each statement from the tokens that `tokens` corrected; Lark does the work, `nodes` names it.

Lark takes time to load, and many a profile has neither rules nor expressions: it is imported for the first of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pbx_rules.diagnostics import Findings
from pbx_rules.document import Scalar
from pbx_rules.syntax import tree
from pbx_rules.syntax.statements import Chunk, split
from pbx_rules.syntax.tree import At

if TYPE_CHECKING:
    from pbx_rules.syntax.tokens import Complain

MOST_STATEMENTS = 5_000


def parse_rules(rules: Scalar, findings: Findings) -> tuple[tree.Statement, ...]:
    """Every statement that can be read; what cannot is reported."""
    if rules.style == "folded" or (
        rules.style not in ("literal", "verbatim") and "\n" in rules.source.text[rules.start : rules.end]
    ):
        hint = "write `rules: |` and put the statements on the lines below it"
        findings.add("R0121", "YAML has folded the lines of these rules together", rules.span, hint=hint)
        return ()
    return tuple(_statements(rules, findings))


def _statements(rules: Scalar, findings: Findings) -> Iterator[tree.Statement]:
    complain = complainer(rules, findings)
    chunks = list(split(rules.text))
    if len(chunks) > MOST_STATEMENTS:
        at = At(chunks[MOST_STATEMENTS].start, chunks[MOST_STATEMENTS].start + 1)
        message = f"there are {len(chunks)} statements, {MOST_STATEMENTS} are allowed"
        complain("R0109", message, at, "", "divide the profile")
        return
    for chunk in chunks:
        if findings.full or findings.exhausted:
            return
        if chunk.indented:
            inked = chunk.start + len(chunk.text) - len(chunk.text.lstrip())
            hint = "statements start in the first column; indented lines continue them"
            complain("R0107", "this line continues no statement", At(inked, inked + 1), "", hint)
            continue
        statement = _parse(chunk, "statement", rules, findings)
        if statement is not None:
            yield statement


def parse_statement(chunk: Chunk, scalar: Scalar, findings: Findings) -> tree.Statement | None:
    """One statement of the rules in `scalar`; None if it cannot be read."""
    parsed: tree.Statement | None = _parse(chunk, "statement", scalar, findings)
    return parsed


def parse_expression(scalar: Scalar, findings: Findings) -> tree.Expression | None:
    """The expression after `when:` or `key:`; None if it cannot be read."""
    parsed: tree.Expression | None = _parse(_whole(scalar), "expression", scalar, findings)
    return parsed


def parse_loop(scalar: Scalar, findings: Findings) -> tree.Loop | None:
    """What stands after `for:`; None if it cannot be read."""
    parsed: tree.Loop | None = _parse(_whole(scalar), "loop", scalar, findings)
    return parsed


def _whole(scalar: Scalar) -> Chunk:
    return Chunk(0, scalar.text, indented=False)


def complainer(scalar: Scalar, findings: Findings) -> Complain:
    """Reports at places given as characters of the scalar's text."""

    def complain(code: str, message: str, at: At, label: str, hint: str) -> None:
        if not findings.full:
            findings.add(code, message, scalar.span_at(*at), label=label, hint=hint)

    return complain


def _parse(chunk: Chunk, start: str, scalar: Scalar, findings: Findings) -> Any:
    """None where the file has had its share of words, which is told once."""
    if findings.exhausted:
        return None
    from lark import Token
    from lark.exceptions import UnexpectedToken

    from pbx_rules.syntax import corrected, expected
    from pbx_rules.syntax.nodes import build
    from pbx_rules.syntax.tokens import grammar, place_of, read_tokens

    complain = complainer(scalar, findings)
    tokens, corrections, count = read_tokens(chunk.text, chunk.start, complain, is_statement=start == "statement")
    if not findings.read(count, lambda: scalar.span_at(chunk.start, chunk.start + 1)):
        return None
    if tokens is None:
        corrected.report(corrections, None, complain)
        return None
    parser: Any = grammar().parse_interactive(start=start)
    end = place_of(tokens[-1]).end if tokens else chunk.start
    try:
        for token in tokens:
            parser.feed_token(token)
        root = build(parser.feed_token(Token("$END", "", start_pos=end, end_pos=end)))
    except UnexpectedToken as error:
        corrected.report(corrections, None, complain)
        expected.explain(error.token, tokens, parser.choices(), complain)
        return None
    corrected.report(corrections, _expression_of(root), complain)
    return root


def _expression_of(root: tree.Expression | tree.Statement | tree.Loop) -> tree.Expression:
    match root:
        case tree.Define(_, value):
            return value
        case tree.Filter(_, condition):
            return condition
        case tree.Loop(_, over):
            return over
    return root
