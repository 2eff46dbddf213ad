"""Makes the Python code of statements and expressions for `backends.python`; types decide what need not be checked."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from pbx_rules import typed, typed_walk
from pbx_rules.backends import costs, steps
from pbx_rules.backends.records import Output
from pbx_rules.backends.terms import LOAD, NONE, interpolated, is_none, is_not_none, is_short, load, method, store, sure
from pbx_rules.backends.unread import Readings, source_of
from pbx_rules.program import Result
from pbx_rules.runtime import coercion, compare, patterns
from pbx_rules.runtime.limits import COMPARED, CONVERTED, LONGEST_TEXT, MOST_WORK, SHORT, Cost, Work
from pbx_rules.runtime.text import fold
from pbx_rules.typed import Typed
from pbx_rules.types import Type

LATE = ("output", "work")
"""Objects of the row that most rows do not need."""
_NEVER_LONG = frozenset({"number", "yes/no", "date", "blank"})
"""Kinds of values that cost nothing of their own."""
FEW_PARTS = 8
"""So many texts of the greatest length may be joined before anyone looks at the result's length."""


class CodeGenerator:
    """Statements in order, and the objects that they name. What `value` gives may be used once, an `atom` often."""

    def __init__(self, fixed: int, readings: Readings) -> None:
        """`fixed` is what every row costs."""
        self._new_output = partial(Output, readings)
        self._fixed = fixed
        self._new_work = partial(Work, fixed)
        self.globals: dict[str, Any] = {}
        self.body: list[ast.stmt] = []
        self._names: dict[int, str] = {}
        self._locals: dict[str, str] = {}
        self._fields: dict[str, str] = {}
        self._count = 0

    # names and statements

    def known(self, thing: Any) -> ast.Name:
        """A global that is bound to `thing`."""
        name = self._names.get(id(thing))
        if name is None:
            name = self._names[id(thing)] = f"g{len(self.globals)}"
            self.globals[name] = thing
        return load(name)

    def call(self, function: Callable[..., Any], *arguments: ast.expr) -> ast.Call:
        return ast.Call(self.known(function), list(arguments), [])

    def add(self, statement: ast.stmt) -> None:
        self.body.append(statement)

    def assign(self, value: ast.expr, name: str | None = None) -> ast.Name:
        if name is None:
            self._count += 1
            name = f"t{self._count}"
        self.add(ast.Assign([store(name)], value))
        return load(name)

    @contextmanager
    def block(self) -> Iterator[list[ast.stmt]]:
        """Collects statements apart from those before."""
        outer, self.body = self.body, []
        try:
            yield self.body
        finally:
            self.body = outer

    @contextmanager
    def when(self, condition: ast.expr) -> Iterator[None]:
        with self.block() as inner:
            yield
        if inner:
            self.add(ast.If(condition, inner, []))

    def prologue(self) -> list[ast.stmt]:
        with self.block() as first:
            self.assign(ast.Attribute(load("values"), "get", LOAD), "get")
            for name in LATE:
                self.assign(NONE, name)
            if self._fixed > MOST_WORK:
                self.add(ast.Expr(self.work))
        return first

    def spend(self, turns: ast.expr, turn: int) -> None:
        amount = ast.BinOp(self.call(len, turns), ast.Mult(), ast.Constant(turn))
        self.add(ast.Expr(ast.Call(ast.Attribute(self.work, "spend", LOAD), [amount], [])))

    def paid(self, cost: Cost, values: Sequence[tuple[Typed, ast.expr]], then: ast.expr) -> ast.expr:
        """`then`, once the values (atoms) are paid for; that short texts cost nothing is seen without a call."""
        if not cost.grows:
            return then
        grown = [(node, value) for node, value in values if node.type.kind not in _NEVER_LONG and not is_short(value)]
        if not grown:
            return then
        atoms = [value for _, value in grown]
        pay = ast.Call(ast.Attribute(self.work, "pay", LOAD), [self.known(cost), *atoms], [])
        if any(node.type.kind != "text" for node, _ in grown):
            return ast.BoolOp(ast.And(), [pay, then])
        short = [self._short(node, value) for node, value in grown]
        all_short = short[0] if len(short) == 1 else ast.BoolOp(ast.And(), list(short))
        return ast.BoolOp(ast.And(), [ast.BoolOp(ast.Or(), [all_short, pay]), then])

    @property
    def work(self) -> ast.expr:
        return self.late("work", self._new_work)

    def late(self, name: str, make: Callable[[], Any]) -> ast.expr:
        """One of `LATE`, made where it is first asked for."""
        return ast.BoolOp(ast.Or(), [load(name), ast.NamedExpr(store(name), self.call(make))])

    def _short(self, node: Typed, text: ast.expr) -> ast.expr:
        short = ast.Compare(self.call(len, text), [ast.LtE()], [ast.Constant(SHORT)])
        return ast.BoolOp(ast.Or(), [is_none(text), short]) if node.type.maybe_blank else short

    # statements of the language

    def read_fields(self, fields: Iterable[tuple[str, Type]]) -> None:
        for name, of in fields:
            if name in self._fields:
                continue
            local = self._fields[name] = f"f{len(self._fields)}"
            raw = ast.Call(load("get"), [ast.Constant(name)], [])
            if of.kind == "text":
                self._read_text(raw, local)
            else:
                self.assign(self.call(coercion.reader(of), raw), local)

    def _read_text(self, raw: ast.expr, local: str) -> None:
        """Calls `read_text` only for what is no plain, printable, inked text in ASCII."""
        value = self.assign(raw, local)
        with self.when(is_not_none(value)):
            plain = ast.BoolOp(
                ast.And(),
                [
                    ast.Compare(ast.Attribute(value, "__class__", LOAD), [ast.Is()], [self.known(str)]),
                    ast.Compare(self.call(len, value), [ast.LtE()], [ast.Constant(LONGEST_TEXT)]),
                    method(value, "isascii"),
                    method(value, "isprintable"),
                    method(value, "strip"),
                ],
            )
            with self.when(ast.UnaryOp(ast.Not(), plain)):
                self.assign(self.call(coercion.read_text, value), local)

    def define(self, name: str, value: Typed) -> None:
        local = f"v{len(self._locals)}"
        self.assign(self.value(value), local)
        self._locals[name] = local

    def skip(self, reason: str) -> None:
        self.add(ast.Return(self.known(Result(skipped=reason))))

    # expressions

    def value(self, node: Typed) -> ast.expr:
        """An expression that gives the node's value; it may be used once."""
        return _EMITTERS[type(node)](self, node)

    def atom(self, node: Typed) -> ast.expr:
        """One that costs nothing, so that it may be used more than once."""
        value = self.value(node)
        return value if isinstance(value, ast.Name | ast.Constant) else self.assign(value)

    def boolean(self, node: Typed) -> ast.expr:
        """A condition as Python's: blank counts as false."""
        value = self.value(node)
        return ast.Compare(value, [ast.Is()], [ast.Constant(True)]) if node.type.maybe_blank else value

    def constant(self, node: typed.Constant) -> ast.expr:
        if node.value is None or node.value.__class__ in (str, bool):
            return ast.Constant(node.value)
        return self.known(node.value)

    def field(self, node: typed.Field) -> ast.expr:
        return load(self._fields[node.name])

    def variable(self, node: typed.Variable) -> ast.expr:
        return load(self._locals[node.name])

    def item(self, node: typed.Item) -> ast.expr:
        return load(self.slot(node.slot))

    def slot(self, slot: str) -> str:
        """The local of a loop; the slot begins with what the user called it."""
        return self._fields.setdefault(f"\0{slot}", f"i{len(self._fields)}")

    def part(self, node: typed.Part) -> ast.expr:
        record = self.atom(node.of)
        if node.of.type.kind != "record":
            return self.call(steps.part_of, record, ast.Constant(node.name))
        found = ast.Call(ast.Attribute(record, "get", LOAD), [ast.Constant(node.name)], [])
        return self._unless_blank([(node.of, record)], found)

    def _unless_blank(self, guarded: Iterable[tuple[Typed, ast.expr]], value: ast.expr) -> ast.expr:
        """`value`, or blank where one of the guarded is."""
        checks = [is_none(expression) for node, expression in guarded if node.type.maybe_blank]
        if not checks:
            return value
        return ast.IfExp(checks[0] if len(checks) == 1 else ast.BoolOp(ast.Or(), list(checks)), NONE, value)

    def record(self, node: typed.Record) -> ast.expr:
        values: list[ast.expr] = [self.value(value) for _, value in node.parts]
        names: list[ast.expr | None] = [ast.Constant(name) for name, _ in node.parts]
        return self.call(steps.record_of, ast.Dict(names, values))

    def call_function(self, node: typed.Call) -> ast.expr:
        arguments = [self.atom(argument) for argument in node.arguments]
        guarded = [(node.arguments[at], arguments[at]) for at in node.needed]
        pattern = typed_walk.pattern_of(node)
        made = self.call(node.function.run, *arguments)
        if pattern is not None:
            made = self.call(patterns.applied, self.work, made.func, self.known(pattern), *arguments)
        given = list(zip(node.arguments, arguments, strict=True))
        certain = [sure(*pair) if at in node.needed else pair for at, pair in enumerate(given)]
        result = self._unless_blank(guarded, self.paid(node.function.cost, certain, made))
        if source := source_of(node):
            result = self.assign(result)
            with self.when(ast.BoolOp(ast.And(), [is_none(result), is_not_none(arguments[0])])):
                told = [ast.Constant(source), arguments[0], ast.Constant(node.function.unread)]
                self.add(ast.Expr(self.output("unread", *told)))
        return self._paid(result, node.type) if node.type.kind == "text" else result

    def output(self, name: str, *arguments: ast.expr) -> ast.Call:
        return method(self.late("output", self._new_output), name, *arguments)

    def _paid(self, text: ast.expr, of: Type) -> ast.expr:
        """A long text that was made counts as work."""
        made = self.assign(text)
        long = ast.Compare(self.call(len, made), [ast.Gt()], [ast.Constant(SHORT)])
        with self.when(ast.BoolOp(ast.And(), [is_not_none(made), long]) if of.maybe_blank else long):
            self.add(ast.Expr(ast.Call(ast.Attribute(self.work, "made", LOAD), [made], [])))
        return made

    def convert(self, node: typed.Convert) -> ast.expr:
        if node.to == "written":
            return ast.BoolOp(ast.Or(), [self.value(node.value), ast.Constant("")])
        if node.to == "list" and node.value.type.kind != "any":
            value = self.atom(node.value)
            return self._unless_blank([(node.value, value)], ast.Tuple([value], LOAD))
        if node.to == "list":
            return self.call(steps.CONVERSIONS[node.to], self.value(node.value))
        value = self.atom(node.value)
        return self.paid(CONVERTED, [(node.value, value)], self.call(steps.CONVERSIONS[node.to], value))

    def concat(self, node: typed.Concat) -> ast.expr:
        parts = [self.value(part) for part in node.parts]
        if len(parts) > FEW_PARTS:
            made: ast.expr = self.call(coercion.join, ast.Constant(""), ast.List(parts, LOAD))
        else:
            made = ast.JoinedStr([interpolated(part) for part in parts])
        text = self._paid(made, node.type.not_blank())
        if not node.type.maybe_blank:
            return text
        blank = ast.BoolOp(ast.Or(), [ast.UnaryOp(ast.Not(), text), method(text, "isspace")])
        return ast.IfExp(blank, NONE, text)

    def compare(self, node: typed.Compare) -> ast.expr:
        left, right = node.left, node.right
        if node.test == "is" and left.type.kind == "text" and isinstance(right, typed.Constant):
            subject = self.atom(left)
            wanted = ast.Constant(fold(coercion.as_text(right.value) or ""))
            same: ast.expr = ast.Compare(self.call(fold, subject), [ast.Eq()], [wanted])
            same = self.paid(COMPARED, [sure(left, subject), sure(right, wanted)], same)
            return ast.BoolOp(ast.And(), [is_not_none(subject), same]) if left.type.maybe_blank else same
        if node.test == "matches":
            return self.call(patterns.matches, self.work, self.value(left), self.value(right))
        sides = self.atom(left), self.atom(right)
        return self.paid(
            COMPARED, list(zip((left, right), sides, strict=True)), self.call(compare.TESTS[node.test], *sides)
        )

    def member(self, node: typed.Member) -> ast.expr:
        left = self.atom(node.left)
        return self.paid(COMPARED, [(node.left, left)], self.call(compare.one_of, left, self.known(node.options)))

    def is_blank(self, node: typed.IsBlank) -> ast.expr:
        return is_none(self.value(node.value))

    def negated(self, node: typed.Not) -> ast.expr:
        if isinstance(node.operand, typed.IsBlank):
            return is_not_none(self.value(node.operand.value))
        return ast.UnaryOp(ast.Not(), self.boolean(node.operand))

    def all_of(self, node: typed.And) -> ast.expr:
        return self._chain(node.operands, ast.And())

    def any_of(self, node: typed.Or) -> ast.expr:
        return self._chain(node.operands, ast.Or())

    def _chain(self, operands: tuple[Typed, ...], operator: ast.And | ast.Or) -> ast.expr:
        """One expression, unless a later operand needs statements of its own, which must run only when it is asked."""
        made = [self._apart(self.boolean, operand) for operand in operands[1:]]
        first = self.boolean(operands[0])
        if not any(statements for statements, _ in made):
            return ast.BoolOp(operator, [first, *(expression for _, expression in made)])
        result = self.assign(first)
        for statements, expression in made:
            with self.when(result if isinstance(operator, ast.And) else ast.UnaryOp(ast.Not(), result)):
                self.body += statements
                self.assign(expression, result.id)
        return result

    def _apart(self, generate: Callable[[Typed], ast.expr], node: Typed) -> tuple[list[ast.stmt], ast.expr]:
        with self.block() as statements:
            expression = generate(node)
        return statements, expression

    def choice(self, node: typed.If) -> ast.expr:
        condition = self.boolean(node.condition)
        then, otherwise = self._apart(self.value, node.then), self._apart(self.value, node.otherwise)
        if not then[0] and not otherwise[0]:
            return ast.IfExp(condition, then[1], otherwise[1])
        chosen = self.assign(NONE)
        branches = []
        for statements, expression in (then, otherwise):
            branches.append([*statements, ast.Assign([store(chosen.id)], expression)])
        self.add(ast.If(condition, *branches))
        return chosen

    def fallback(self, node: typed.Else) -> ast.expr:
        found = self.assign(self.value(node.options[0]))
        for option in node.options[1:]:
            with self.when(is_none(found)):
                self.assign(self.value(option), found.id)
        return found

    def switch(self, node: typed.Switch) -> ast.expr:
        subject = self.atom(node.subject)
        numbers = {key: number for number, (key, _) in enumerate(node.cases)}
        asked = self._looked_up(numbers, node.subject, subject)
        number = self.assign(self._unless_blank([(node.subject, subject)], asked))
        chosen = self.assign(NONE)
        for at, (_, value) in enumerate(node.cases):
            with self.when(ast.Compare(number, [ast.Eq()], [ast.Constant(at)])):
                self.assign(self.value(value), chosen.id)
        with self.when(is_none(number)):
            self.assign(self.value(node.otherwise), chosen.id)
        return chosen

    def lookup(self, node: typed.Lookup) -> ast.expr:
        key = self.atom(node.key)
        return self._unless_blank([(node.key, key)], self._looked_up(node.table, node.key, key))

    def _looked_up(self, table: Mapping[str, Any], node: Typed, key: ast.expr) -> ast.expr:
        asked = ast.Call(ast.Attribute(self.known(table), "get", LOAD), [self.call(fold, key)], [])
        return self.paid(COMPARED, [sure(node, key)], asked)

    def each(self, node: typed.Each) -> ast.expr:
        found = self.assign(ast.List([], LOAD))
        over = self.assign(ast.BoolOp(ast.Or(), [self.value(node.over), ast.Tuple([], LOAD)]))
        self.spend(over, costs.of_turn(node))
        with self.block() as inner:
            if node.where is None:
                self._append(found, node.give)
            else:
                with self.when(self.boolean(node.where)):
                    self._append(found, node.give)
        self.add(ast.For(store(self.slot(node.slot)), over, inner, []))
        return ast.BoolOp(ast.Or(), [self.call(coercion.flatten, found), NONE])

    def _append(self, found: ast.expr, give: Typed) -> None:
        self.add(ast.Expr(ast.Call(ast.Attribute(found, "append", LOAD), [self.value(give)], [])))


_EMITTERS: dict[type, Callable[[CodeGenerator, Any], ast.expr]] = {
    typed.Constant: CodeGenerator.constant,
    typed.Field: CodeGenerator.field,
    typed.Variable: CodeGenerator.variable,
    typed.Item: CodeGenerator.item,
    typed.Part: CodeGenerator.part,
    typed.Record: CodeGenerator.record,
    typed.Call: CodeGenerator.call_function,
    typed.Convert: CodeGenerator.convert,
    typed.Concat: CodeGenerator.concat,
    typed.Compare: CodeGenerator.compare,
    typed.Member: CodeGenerator.member,
    typed.IsBlank: CodeGenerator.is_blank,
    typed.Not: CodeGenerator.negated,
    typed.And: CodeGenerator.all_of,
    typed.Or: CodeGenerator.any_of,
    typed.If: CodeGenerator.choice,
    typed.Else: CodeGenerator.fallback,
    typed.Switch: CodeGenerator.switch,
    typed.Lookup: CodeGenerator.lookup,
    typed.Each: CodeGenerator.each,
}
