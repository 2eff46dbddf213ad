"""The types that the checker reasons with."""

from __future__ import annotations

import pytest
from pbx_rules import SourceField, SourceFields
from pbx_rules.trial import try_expression
from pbx_rules.types import ANY, BLANK, DATE, LIST, NUMBER, RECORD, TEXT, UNKNOWN, Type, either, of_field

SURE = TEXT.not_blank()


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        (SURE, SURE, SURE),
        (SURE, TEXT, TEXT),
        (TEXT, SURE, TEXT),
        (SURE, BLANK, TEXT),
        (BLANK, SURE, TEXT),
        (BLANK, BLANK, BLANK),
        (SURE, NUMBER.not_blank(), ANY.not_blank()),
        (NUMBER, SURE, ANY),
        (UNKNOWN, TEXT, UNKNOWN),
        (TEXT, UNKNOWN, UNKNOWN),
        (Type("list", of=SURE), Type("list", of=SURE), Type("list", of=SURE)),
        (Type("list", of=SURE), Type("list", of=NUMBER.not_blank()), LIST),
        (Type("list", of=SURE), LIST, LIST),
        (RECORD, Type("record", parts={"a": TEXT}), RECORD),
    ],
    ids=str,
)
def test_what_comes_from_one_or_the_other(first: Type, second: Type, wanted: Type) -> None:
    assert either(first, second) == wanted


def test_a_part_that_only_one_record_has_may_be_blank() -> None:
    found = either(Type("record", parts={"a": SURE, "b": SURE}), Type("record", parts={"a": SURE}))
    assert found.parts == {"a": SURE, "b": TEXT}


@pytest.mark.parametrize(
    ("of", "element"),
    [
        (Type("list", of=SURE), SURE),
        (LIST, ANY.not_blank()),
        (TEXT, SURE),
        (ANY, ANY.not_blank()),
    ],
    ids=str,
)
def test_a_single_value_is_a_list_of_one(of: Type, element: Type) -> None:
    assert of.element == element


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        (SourceField("x"), TEXT),
        (SourceField("x", "number"), NUMBER),
        (SourceField("x", "list"), LIST),
        (SourceField("x", "list", {"a": "date"}), Type("list", of=Type("record", False, parts={"a": DATE}))),
        (SourceField("x", "record", {"a": "date"}), Type("record", parts={"a": DATE})),
        (SourceField("x", "record"), RECORD),
    ],
    ids=str,
)
def test_the_type_of_a_source_field(field: SourceField, wanted: Type) -> None:
    assert of_field(field) == wanted


@pytest.mark.parametrize(("of", "shown"), [(TEXT, "text"), (LIST, "list"), (Type("list", of=SURE), "list of texts")])
def test_types_are_shown_in_words(of: Type, shown: str) -> None:
    assert str(of) == shown


SOURCE = SourceFields(
    (SourceField("T"), SourceField("N", "number"), SourceField("L", "list"), SourceField("D", "date"))
)


@pytest.mark.parametrize(
    ("expression", "kind", "maybe_blank"),
    [
        ("[T]", "text", True),
        ('[T] else "x"', "text", False),
        ("[T] else 5", "any", False),
        ("[T] else [N]", "any", True),
        ('"a" & [T]', "text", False),
        ('" " & [T]', "text", True),
        ("upper([T])", "text", True),
        ('upper("x")', "text", False),
        ('left("x", 1)', "text", True),
        ('left("x", [N])', "text", True),
        ("count([L])", "number", False),
        ("length([T])", "number", True),
        ("[T] is [N]", "yes/no", False),
        ('if([T] is "a", "b", "c")', "text", False),
        ('if([T] is "a", "b")', "text", True),
        ('if([T] is "a", "b", 5)', "any", False),
        ('switch([T], "a": 1, else: 2)', "number", False),
        ('switch([T], "a": 1)', "number", True),
        ('switch([T], "a": 1, "b": [N], else: 2)', "number", True),
        ("list([T], [N])", "list", True),
        ('list([T], "x")', "list", False),
        ("first([L])", "any", True),
        ('first(list("x"))', "text", False),
        ('item(list("x"), 1)', "text", True),
        ("unique([L])", "list", True),
        ("unique([T])", "list", True),
        ('sort("x")', "list", False),
        ("each x in [L] give x", "list", True),
        ("{a: [T]}", "record", True),
        ("{a: 1}", "record", False),
        ("{a: 1}.a", "number", False),
        ('{a: [T], b: "x"}.a', "text", True),
        ("upper(blank)", "blank", True),
        ('format([D], "YYYY")', "text", True),
    ],
)
def test_the_type_of_an_expression(expression: str, kind: str, maybe_blank: bool) -> None:
    found = try_expression(expression, source=SOURCE).type
    assert found is not None
    assert (found.kind, found.maybe_blank) == (kind, maybe_blank)
