"""Checks the structure against the target's tables, and turns its records into rules for making records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from pbx_rules import document, typed
from pbx_rules.check import expressions
from pbx_rules.check.convert import to_list, to_text
from pbx_rules.check.regions import note_value
from pbx_rules.check.repeated import warn_of_repeated
from pbx_rules.check.scope import Names, Scope
from pbx_rules.check.statements import not_blank_if
from pbx_rules.check.template import check_template
from pbx_rules.check.unknown import meant
from pbx_rules.check.yaml_traps import expression_text
from pbx_rules.diagnostics import Findings, Span
from pbx_rules.document.places import SourceText
from pbx_rules.schema import TargetField, TargetTable
from pbx_rules.suggest import nearest
from pbx_rules.syntax.parser import parse_expression, parse_loop
from pbx_rules.typed import Typed

_SPECIAL = ("when", "for", "key", "post")
_NO_TEXT = document.Scalar("", Span(1, 1, 1, 1), "plain", SourceText(""), 0, 0)
"""A record's scope belongs to no text; each of its values enters `Scope.within` its own."""


class StructureCheck:
    def __init__(self, names: Names, findings: Findings) -> None:
        self._names = names
        self._findings = findings

    def check(self, node: document.Node, tables: Sequence[TargetTable]) -> tuple[typed.RecordRule, ...]:
        """One rule for each record of the structure; what is wrong is reported and left out."""
        top = self._mapping(node, "the structure holds tables by name", f"{tables[0].name}: [{{…}}]")
        return tuple(self._tables(top, tables, inside=None)) if top else ()

    def _tables(
        self, node: document.Mapping, tables: Sequence[TargetTable], inside: Scope | None
    ) -> Iterator[typed.RecordRule]:
        known = {table.name: table for table in tables}
        for name, value in node.items:
            table = known.get(name.text) or self._unknown_table(name, known)
            if table is None:
                continue
            for position, item in enumerate(self._records(value, table)):
                record = self._mapping(item, f"a record of {table.name} has fields by name", "{field: value}")
                if record:
                    yield self._record(record, table, position, inside)

    def _unknown_table(self, name: document.Scalar, known: dict[str, TargetTable]) -> TargetTable | None:
        """The one that was probably meant, by which what stands in it is checked all the same."""
        found = nearest(name.text, known)
        hint = f"did you mean {found}?" if found else f"known here: {', '.join(known)}"
        self._findings.add("R0401", f"unknown target table {name.text!r}", name.span, hint=hint)
        return known[found or next(iter(known))] if found or len(known) == 1 else None

    def _records(self, node: document.Node, table: TargetTable) -> Iterable[document.Node]:
        if isinstance(node, document.Scalar):
            hint = "put a `-` before each record, or the records into […]"
            self._findings.add("R0404", f"{table.name} holds a list of records", node.span, hint=hint)
            return ()
        return node.items if isinstance(node, document.Sequence) else (node,)

    def _mapping(self, node: document.Node, message: str, hint: str) -> document.Mapping | None:
        if isinstance(node, document.Mapping):
            return node
        self._findings.add("R0404", message, node.span, hint=f"write {hint}")
        return None

    def _record(
        self, node: document.Mapping, table: TargetTable, position: int, inside: Scope | None
    ) -> typed.RecordRule:
        scope = inside or Scope(self._names, _NO_TEXT, self._findings)
        with self._looped(node, scope, needs_key=inside is None) as loop, self._assumed(node, scope) as when:
            values = tuple(self._values(node, table, scope))
            post = self._post(node, table, scope)
        self._check_required(node, table, values)
        return typed.RecordRule(table.name, position, values, post, when, loop)

    @contextmanager
    def _looped(self, node: document.Mapping, scope: Scope, *, needs_key: bool) -> Iterator[typed.Loop | None]:
        """With the loop variable of `for:` in reach."""
        written = expression_text(node, "for", self._findings)
        loop = written and parse_loop(written, self._findings)
        if not written or not loop:
            self._check_no_key(node)
            yield None
            return
        within = scope.within(written)
        expressions.check_loop_name(loop.name, loop.name_at, within)
        over = to_list(expressions.check(loop.over, within))
        with scope.loop(loop.name, over.type.element) as slot:
            part = next(iter(over.type.element.parts or ()), None)
            sample = f"{loop.name}.{part}" if part else loop.name
            yield typed.Loop(slot, over, self._key(node, scope, sample, written, needed=needs_key))

    def _key(
        self, node: document.Mapping, scope: Scope, sample: str, written: document.Scalar, *, needed: bool
    ) -> Typed | None:
        key = expression_text(node, "key", self._findings)
        if key is None:
            if needed and node.get("key") is None:
                hint = f"add key: with what stays the same about it, such as key: {sample}"
                self._findings.add("R0408", "`for:` needs a `key:` to tell its records apart", written.span, hint=hint)
            return None
        expression = parse_expression(key, self._findings)
        within = scope.within(key)
        return None if expression is None else to_text(expressions.check(expression, within), within, expression.at)

    def _check_no_key(self, node: document.Mapping) -> None:
        key = node.get("key")
        if key and node.get("for") is None:
            hint = "delete it; records that are not repeated need no key"
            self._findings.add("R0408", "`key:` without `for:`", key.span, hint=hint)

    @contextmanager
    def _assumed(self, node: document.Mapping, scope: Scope) -> Iterator[Typed | None]:
        """With what `when:` shows about blanks taken as known."""
        written = expression_text(node, "when", self._findings)
        expression = written and parse_expression(written, self._findings)
        if not written or not expression:
            yield None
            return
        condition = expressions.check_condition(expression, scope.within(written))
        before = self._names.known_not_blank
        self._names.known_not_blank = before | not_blank_if(expression, holds=True)
        yield condition
        self._names.known_not_blank = before

    def _values(self, node: document.Mapping, table: TargetTable, scope: Scope) -> Iterator[typed.TargetValue]:
        known = {field.name: field for field in table.fields}
        for name, value in node.items:
            target = known.get(name.text)
            if target is None and name.text in _SPECIAL:
                continue
            if target is None:
                self._unknown_field(name, table, known)
                if isinstance(value, document.Scalar):
                    check_template(value, scope, native=False)
            elif not isinstance(value, document.Scalar):
                hint = 'one text, with placeholders: "{{Name}}"'
                self._findings.add("R0404", f"{name.text} holds one value", value.span, hint=hint)
            else:
                checked = check_template(value, scope, native=target.native)
                if target.numbers:
                    note_value(checked, value.span, self._names)
                yield typed.TargetValue(target, checked)

    def _unknown_field(self, name: document.Scalar, table: TargetTable, known: dict[str, TargetField]) -> None:
        titles = {field.title.casefold(): field.name for field in table.fields if field.title}
        by_title = titles.get(name.text.casefold())
        hint = f"did you mean {by_title}?" if by_title else meant(name.text, [*known, *_SPECIAL])
        self._findings.add(
            "R0402",
            f"unknown target field {name.text!r}",
            name.span,
            label=f"{table.name} has no such field",
            hint=hint or f"its fields: {', '.join(known)}",
        )

    def _post(self, node: document.Mapping, table: TargetTable, scope: Scope) -> tuple[typed.RecordRule, ...]:
        value = node.get("post")
        if value is None:
            return ()
        if not table.post:
            self._findings.add(
                "R0404", f"nothing can belong to a record of {table.name}", value.span, hint="delete post:"
            )
            return ()
        top = self._mapping(value, "`post:` holds tables by name", f"{table.post[0].name}: [{{…}}]")
        if top is None:
            return ()
        for inner in table.post:
            records = top.get(inner.name)
            if inner.unique and isinstance(records, document.Sequence | document.Mapping):
                warn_of_repeated(self._records(records, inner), inner, self._findings)
        return tuple(self._tables(top, table.post, scope))

    def _check_required(self, node: document.Mapping, table: TargetTable, values: Sequence[typed.TargetValue]) -> None:
        there = {name.text for name, _ in node.items}
        for field in table.fields:
            if field.blank != "omit" and field.name not in there:
                title = f" ({field.title})" if field.title else ""
                message = f"the required field {field.name}{title} is missing"
                self._findings.add("R0403", message, node.span, hint=f'add {field.name}: "{{{{…}}}}"')
        for value in values:
            if value.target.blank == "reject" and value.value.type.maybe_blank and value.value.type.kind != "unknown":
                node_of = node.get(value.target.name)
                if node_of:
                    hint = (
                        'give a fallback in a rule (… else "unknown"), or leave such rows out: keep when … is not blank'
                    )
                    message = f"the required field {value.target.name} may come out blank"
                    self._findings.add("R0410", message, node_of.span, label="such rows become problems", hint=hint)
