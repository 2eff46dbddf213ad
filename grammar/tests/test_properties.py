"""What holds for all rules and all rows.

Both back ends agree, types are sound, printing and formatting keep the meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pbx_rules import Compiled, TargetField, TargetTable, compile_profile, document, typed
from pbx_rules.backends import interpreter
from pbx_rules.diagnostics import Findings
from pbx_rules.formatter import format_rules
from pbx_rules.runtime.coercion import reader
from pbx_rules.runtime.limits import RowRefused
from pbx_rules.syntax import printer, tree
from pbx_rules.syntax.parser import parse_expression, parse_rules
from pbx_rules.trial import scalar
from pbx_rules.typed_walk import fields_of_statement
from pbx_rules.types import Type
from rule_strategies import ROWS, SOURCE, TABLES, expressions, statements

EXAMPLES = settings(max_examples=150, suppress_health_check=list(HealthCheck))


def block(text: str) -> document.Scalar:
    """A rules block as it stands in a file."""
    root = document.load("rules: |2\n" + "".join(f"  {line}\n" for line in text.split("\n")), "f").root
    assert isinstance(root, document.Mapping)
    rules = root.get("rules")
    assert isinstance(rules, document.Scalar)
    return rules


def target(names: list[str]) -> TargetTable:
    """A field for each variable, some cut, some dropping, one rejecting."""
    label = TargetTable("label", (TargetField("name", blank="drop"), TargetField("value", max_length=3, blank="drop")))
    fields = [TargetField(name, max_length=4 if number % 2 else None) for number, name in enumerate(names)]
    native = [TargetField(f"n{name}", native=True, max_length=5 if name == "V1" else None) for name in names]
    return TargetTable("book", (*fields, *native, TargetField("must", blank="reject")), (label,))


def profile(found: list[tree.Statement]) -> Compiled:
    names = [node.name for node in found if isinstance(node, tree.Define)]
    lines = "".join(f"    {name}: '{{{{{name}}}}}'\n    n{name}: '{{{{{name}}}}}'\n" for name in names)
    structure = (
        "book:\n"
        f"  - must: 'x{{{{T}}}}'\n{lines}"
        "    when: '[N] is blank or [N] > -500'\n"
        "    post: {label: [{name: '{{V0}}', value: ' {{V0}}'}, {name: '{{q}}', value: '{{T}}', for: 'q in [L]'}]}\n"
        f"  - must: '{{{{p.a}}}}'\n    for: p in [Rs]\n    key: p.n\n    V0: '{{{{{names[-1]}}}}}'\n"
    )
    loaded = document.load(structure, "f").root
    assert loaded is not None
    tables = document.load(TABLES, "t").root
    text = "\n".join(printer.statement(node) for node in found)
    return compile_profile(
        file="f",
        rules=block(text),
        structure=loaded,
        target=(target(names),),
        source=SOURCE,
        tables=tables,
        region=scalar("DE"),
    )


@EXAMPLES
@given(statements(), st.lists(ROWS, min_size=1, max_size=4))
def test_the_compiled_program_does_what_the_closures_do(
    found: list[tree.Statement], some: list[dict[str, Any]]
) -> None:
    compiled = profile(found)
    if compiled.program is None:
        return
    for row in some:
        assert outcome(compiled.program.run, row) == outcome(interpreter.build(compiled.program.rules), row)


def outcome(run: Any, row: dict[str, Any]) -> Any:
    """The result, or the code with which the row is refused."""
    try:
        result = run(row)
    except RowRefused as refused:
        return refused.code
    codes = [finding.code for finding in result.findings]
    return codes[0] if codes and codes[0] in ("R0805", "R0806", "R0807", "R0808") else result


def test_the_random_rules_are_mostly_sound() -> None:
    """Or the test above would test nothing."""
    outcomes: list[bool] = []

    @settings(max_examples=100, database=None, derandomize=True)
    @given(statements())
    def look(found: list[tree.Statement]) -> None:
        outcomes.append(profile(found).program is not None)

    look()
    assert sum(outcomes) > len(outcomes) * 0.4


@EXAMPLES
@given(expressions())
def test_what_is_printed_parses_to_the_same_tree(node: tree.Expression) -> None:
    findings = Findings("f")
    again = parse_expression(scalar(printer.expression(node)), findings)
    assert again == node, findings.sorted


def fits(value: object, of: Type) -> bool:
    if value is None:
        return of.maybe_blank
    kinds: dict[str, type] = {
        "text": str,
        "number": Decimal,
        "yes/no": bool,
        "date": date,
        "list": tuple,
        "record": Mapping,
    }
    if of.kind == "any":
        return not (isinstance(value, str) and not value.strip())
    if not isinstance(value, kinds.get(of.kind, type(None))):
        return False
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, tuple):
        return bool(value) and all(not isinstance(each, tuple) and fits(each, of.element) for each in value)
    if isinstance(value, Mapping) and of.parts is not None:
        return all(fits(value.get(name), part) for name, part in of.parts.items())
    return True


@EXAMPLES
@given(statements(), st.lists(ROWS, min_size=1, max_size=4))
def test_no_value_is_of_a_type_or_blankness_that_the_checker_excluded(
    found: list[tree.Statement], some: list[dict[str, Any]]
) -> None:
    compiled = profile(found)
    if compiled.program is None:
        return
    rules = compiled.program.rules
    for values in some:
        row = interpreter.Row(values, {name: reader(of) for name, of in rules.fields.items()})
        for statement in rules.statements:
            row.need(fields_of_statement(statement))
            if isinstance(statement, typed.Filter):
                if (interpreter.closure(statement.condition)(row) is True) is not statement.keep:
                    break
                continue
            value = row.variables[statement.name] = interpreter.closure(statement.value)(row)
            assert fits(value, statement.value.type), (value, statement.value.type)


@EXAMPLES
@given(statements(), st.integers(0, 3), st.sampled_from(["", "# c", "#", "  # d"]))
def test_formatting_keeps_the_meaning_and_is_done_once(found: list[tree.Statement], width: int, comment: str) -> None:
    lines = [printer.statement(node) for node in found]
    text = "\n".join(line + comment for line in lines).replace(", ", f",\n{' ' * width} " if width else ", ")
    formatted = format_rules(text)
    assert format_rules(formatted) == formatted
    assert understood(formatted) == understood(text)
    assert formatted.count("#") == text.count("#")


def understood(text: str) -> tuple[tree.Statement, ...]:
    return parse_rules(block(text), Findings("f"))


def test_the_namespace_of_compiled_code_has_no_builtins() -> None:
    compiled = profile([tree.Define("V0", tree.Text("__import__('os')"))])
    assert compiled.program is not None
    run = compiled.program._compiled()
    assert run.__globals__["__builtins__"] == {}
    assert run({"T": "{{7*7}}"}).records[0].values["must"] == "x{{7*7}}"


def test_names_of_users_never_become_names_of_python() -> None:
    text = "__class__ = [__globals__] & [T]"
    compiled = compile_profile(
        file="f",
        rules=block(text),
        structure=document.load("book: [{must: '{{__class__}}'}]", "f").root or scalar(""),
        target=(target([]),),
        source=SOURCE,
    )
    assert compiled.program is not None
    code = compiled.program._compiled().__code__
    assert not {name for name in (*code.co_names, *code.co_varnames) if "__" in name} - {"__class__"}
    assert compiled.program.run({"__globals__": "a", "T": "b"}).records[0].values == {"must": "ab"}
