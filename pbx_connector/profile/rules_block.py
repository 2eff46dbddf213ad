"""Edits of the `rules:` block: statements come, go, change and move, and every other line stays as it is.

The file is read back after each edit and must have exactly the statements that were asked for: a rule that would end
in the middle of itself, or swallow what stands behind it, is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from pbx_rules.document import Scalar

from pbx_connector.documents.editing import YamlText
from pbx_connector.documents.layout import NotEditable, Splice
from pbx_connector.documents.writing import check_characters
from pbx_connector.errors import UsageError
from pbx_connector.profile.statements import (
    Placed,
    Statement,
    continued,
    indent_of,
    is_name,
    lines_of,
    normalized,
    placed_statements,
)

KEY = "rules"
AFTER = (
    *("title", "id", "comments", "source", "settings", "mode", "schedule", "region", "labels", "publish_personal"),
    *("limits", "merge", "notify", "tables"),
)
"""The keys that stand above new rules."""
_HINT = "write `rules: |` in the source view, and the statements on the lines below it"


class RulesBlock:
    """The rules of one text. Each edit gives a new text; it raises `UsageError`, of which `NotEditable` is one."""

    def __init__(self, yaml: YamlText) -> None:
        self.yaml = yaml
        if KEY in yaml.document.unread:
            raise NotEditable("the rules cannot be read")
        node = yaml.at((KEY,))
        if node is not None and not isinstance(node, Scalar):
            raise NotEditable("the rules are no text", hint=_HINT)
        self._scalar = node

    @property
    def text(self) -> str:
        return self._scalar.text if self._scalar else ""

    @property
    def fault(self) -> str:
        """Why no edit is possible; empty if there is no reason."""
        is_block = self._scalar is None or self._scalar.style == "literal" or not self._scalar.text
        return "" if is_block else "the rules are not written as a block"

    @cached_property
    def placed(self) -> tuple[Placed, ...]:
        return placed_statements(self.text)

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(one.statement for one in self.placed)

    def lines(self, number: int) -> tuple[int, int]:
        """The first and the last line of a statement in the file, from 1."""
        assert self._scalar is not None  # noqa: S101 - it has statements
        span = self._scalar.span_at(*self.placed[number].whole)
        return span.line, span.end_line

    def ends(self, number: int) -> tuple[int, int]:
        """Where a statement begins and ends in the file."""
        layout = self.yaml.layout
        assert self._scalar is not None  # noqa: S101 - it has statements
        span = self._scalar.span_at(*self.placed[number].extent)
        return layout.offset(span.line, span.column), layout.offset(span.end_line, span.end_column)

    # --- edits ---------------------------------------------------------------------------------------------------

    def added(self, statement: Statement, at: int | None = None) -> YamlText:
        """Before the statement of that number, or as the last one."""
        new = _checked(statement)
        self._check_editable()
        if at is not None and not 0 <= at <= len(self.placed):
            raise UsageError(f"there is no place {at} among {len(self.placed)} statements")
        place = len(self.placed) if at is None else at
        expected = [*self.statements[:place], new, *self.statements[place:]]
        return self._verified(expected, self._inserted(new, place))

    def removed(self, number: int) -> YamlText:
        """With the comment on its line, and those indented below it."""
        gone = self._at(number)
        expected = [*self.statements[:number], *self.statements[number + 1 :]]
        rest = self.text[: gone.extent.start] + self.text[gone.extent.end :]
        if not rest.strip():
            return self.yaml.without((KEY,))
        start, end = self._offset(gone.extent.start), self._offset(gone.extent.end)
        return self._verified(expected, [self.yaml.layout.lines_removed(start, end)])

    def replaced(self, number: int, statement: Statement) -> YamlText:
        """With another name, rule or reason; the comment stays, whatever `statement` says."""
        old = self._at(number)
        new = _checked(replace(statement, comment=old.statement.comment))
        if new == old.statement:
            return self.yaml
        if old.inner_comment and new.rule != old.statement.rule:
            raise NotEditable("a comment stands between the words of this rule")
        expected = [*self.statements[:number], new, *self.statements[number + 1 :]]
        if new.kind != old.statement.kind or new.kind == "other":
            code = continued("\n".join(lines_of(new)) if new.kind != "other" else new.rule, indent_of(self._code(old)))
            return self._verified(expected, [self._splice(old.whole, code)])
        return self._verified(expected, self._changes(old, new))

    def moved(self, number: int, to: int) -> YamlText:
        """To the place that the statement of the number `to` has now, with the comments right above it."""
        self._at(number)
        self._at(to)
        block, step = self, 1 if to > number else -1
        for place in range(number, to, step):
            block = RulesBlock(block._exchanged(min(place, place + step)))
        return block.yaml

    def with_text_replaced(self, spots: Sequence[tuple[int, int]], new: str) -> YamlText:
        """With another text at some places of the rules, none of which is longer than a line."""
        self._check_editable()
        expected = self.text
        for start, end in reversed(spots):
            expected = expected[:start] + new + expected[end:]
        changed = self.yaml.spliced([self._splice(spot, new) for spot in spots], but=KEY)
        if RulesBlock(changed).text != expected:
            raise NotEditable("the rules would not be read as this says")
        return changed

    # --- how -----------------------------------------------------------------------------------------------------

    def _at(self, number: int) -> Placed:
        self._check_editable()
        if not 0 <= number < len(self.placed):
            raise UsageError(f"there is no statement {number + 1}: the rules have {len(self.placed)}")
        return self.placed[number]

    def _check_editable(self) -> None:
        if self.fault:
            raise NotEditable(self.fault, hint=_HINT)

    def _code(self, placed: Placed) -> str:
        return self.text[placed.whole.start : placed.whole.end]

    def _changes(self, old: Placed, new: Statement) -> list[Splice]:
        """The parts of a statement that differ."""
        from pbx_rules.syntax.tokens import quoted

        changes = []
        if new.name != old.statement.name:
            changes.append(self._splice(old.name, new.name))
        if new.rule != old.statement.rule:
            changes.append(self._rule(old, continued(new.rule, indent_of(self._code(old)))))
        if new.because != old.statement.because:
            gap = "" if old.reason.start > old.rule.end else " "
            start = old.reason.start if new.because else old.rule.end
            reason = f"{gap}because {quoted(new.because)}" if new.because else ""
            changes.append(self._splice(old.reason._replace(start=start), reason))
        return changes

    def _rule(self, old: Placed, rule: str) -> Splice:
        """Behind an `=` that has nothing after it, with a blank in between."""
        if old.rule.end > old.rule.start or old.statement.kind != "define":
            return self._splice(old.rule, rule)
        at = old.rule.start
        has_blank = self.text[at : at + 1] == " "
        return self._splice((at, at + has_blank), f" {rule}")

    def _inserted(self, new: Statement, place: int) -> list[Splice]:
        layout = self.yaml.layout
        if self._scalar is None or not self._scalar.text.strip():
            return self._begun(list(lines_of(new)))
        lines = [self._indent + line if line else "" for line in lines_of(new, self._width(place))]
        if place < len(self.placed):
            return [layout.lines_before(self._offset(self._top(place)), lines)]
        if not self.placed:  # nothing but comments
            return [layout.lines_after(layout.end(self._scalar, None), lines)]
        return [layout.lines_after(self._offset(self.placed[-1].extent.end), lines)]

    def _begun(self, lines: Sequence[str]) -> list[Splice]:
        """The first statement of a profile without rules."""
        layout = self.yaml.layout
        written = ["  " + line if line else "" for line in lines]
        if self._scalar is None:
            return [self.yaml.top_level_lines(["rules: |", *written], AFTER)]
        if self._scalar.style == "literal":
            return [layout.lines_after(self._scalar.start, written)]
        head = self.yaml.blank_value(KEY, "|")
        return [head, layout.lines_after(head.end, written)]

    def _width(self, place: int) -> int:
        """How wide the names of variables are, if the `=` of the neighbour was moved there by hand."""
        neighbour = self.placed[place - 1] if place else None
        if neighbour is None or neighbour.statement.kind != "define":
            return 0
        gap = self.text[neighbour.name.end :].partition("=")[0]
        return len(neighbour.statement.name) + len(gap) - 1 if len(gap) > 1 else 0

    def _top(self, number: int) -> int:
        """Where a statement begins together with the comments right above it."""
        start = self.placed[number].whole.start
        floor = self.placed[number - 1].extent.end + 1 if number else 0
        while start > floor:
            above = self.text.rfind("\n", 0, start - 1) + 1
            if above < floor or not self.text[above:start].strip().startswith("#"):
                break
            start = above
        return start

    def _exchanged(self, number: int) -> YamlText:
        """A statement and the next one change places; what stands between them stays there."""
        first, second = self._lines(number), self._lines(number + 1)
        body = self.yaml.body
        expected = list(self.statements)
        expected[number : number + 2] = expected[number + 1], expected[number]
        changes = [Splice(*first, body[slice(*second)]), Splice(*second, body[slice(*first)])]
        return self._verified(expected, changes)

    def _lines(self, number: int) -> tuple[int, int]:
        """A statement's lines in the file, with the comments above, without the last line break."""
        layout = self.yaml.layout
        start = self._offset(self._top(number))
        return start - layout.column(start), layout.line_end(self._offset(self.placed[number].extent.end))

    def _splice(self, at: tuple[int, int], text: str) -> Splice:
        layout = self.yaml.layout
        lines = text.split("\n")
        written = layout.newline.join([lines[0], *(self._indent + line if line else "" for line in lines[1:])])
        return Splice(self._offset(at[0]), self._offset(at[1]), written)

    @cached_property
    def _first_line(self) -> int:
        assert self._scalar is not None  # noqa: S101 - only a block has lines
        return self.yaml.layout.line(self._scalar.start) + 1

    @cached_property
    def _indent(self) -> str:
        layout = self.yaml.layout
        for number, line in enumerate(self.text.split("\n")):
            if line.strip():
                return " " * (layout.depth(self._first_line + number) - (len(line) - len(line.lstrip(" "))))
        return "  "

    def _offset(self, at: int) -> int:
        """Where a character of the rules stands in the file."""
        line = self.text.count("\n", 0, at)
        column = at - (self.text.rfind("\n", 0, at) + 1)
        start = self.yaml.layout.start(self._first_line + line)
        return min(start + len(self._indent) + column, self.yaml.layout.line_end(start))

    def _verified(self, expected: Sequence[Statement], splices: Iterable[Splice]) -> YamlText:
        changed = self.yaml.spliced(splices, but=KEY)
        if RulesBlock(changed).statements != tuple(expected):
            raise NotEditable("the rules would not be read as this says")
        return changed


def _checked(statement: Statement) -> Statement:
    """As it will be read back. Raises `UsageError` for what no statement can be."""
    for text in (statement.name, statement.rule, statement.because):
        check_characters(text)
    if statement.kind == "define" and not is_name(statement.name):
        hint = "letters, digits and underscores, no word of the language, such as Phone"
        raise UsageError(f"{statement.name!r} cannot be the name of a variable", hint=hint)
    if "\n" in statement.because.strip() or "\r" in statement.because.strip():
        raise UsageError("a reason stands on one line")
    return replace(statement, rule=normalized(statement.rule), because=statement.because.strip())
