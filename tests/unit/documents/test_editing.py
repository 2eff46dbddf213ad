"""A YAML file's keys, lists and texts are changed, and each other byte stays where it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pbx_rules.document.reader import REFUSED

from pbx_connector.documents.editing import YamlText
from pbx_connector.documents.layout import NotEditable
from pbx_connector.errors import UsageError

CASES = (
    ("a: x # c\n", ("a",), "y", "a: y # c\n"),
    ("a:   x\n", ("a",), "y: z", 'a:   "y: z"\n'),
    ("a: 'x'\n", ("a",), "it's", "a: 'it''s'\n"),
    ("a: 'x'\n", ("a",), "y\nz", 'a: "y\\nz"\n'),
    ('a: "x"\n', ("a",), "ü", 'a: "ü"\n'),
    ("a: x\n", ("a",), "", "a: \n"),
    ("a:\n", ("a",), "x y", 'a: "x y"\n'),
    ("a: # c\n", ("a",), "x", "a: x # c\n"),
    ("a: |\n  x\n  y\n\n# c\nb: 1\n", ("a",), "z\n", "a: |\n  z\n\n# c\nb: 1\n"),
    ("a: |  # c\n    x\nb: 1\n", ("a",), "z\n\n w", "a: |-  # c\n    z\n\n     w\nb: 1\n"),
    ("a: |\n\nb: 1\n", ("a",), "z\n", 'a: "z\\n"\n\nb: 1\n'),
    ("a: |\n  x\nb: 1\n", ("a",), " z\n", 'a: " z\\n"\nb: 1\n'),
    ("a: |\n  x\nb: 1\n", ("a",), "z\r\n", 'a: "z\\r\\n"\nb: 1\n'),
    ("a: >\n  x\n  y\nb: 1\n", ("a",), "z", 'a: "z"\nb: 1\n'),
    ("a: 1\n", ("b",), "x", "a: 1\nb: x\n"),
    ("a: 1", ("b",), "x", "a: 1\nb: x"),
    ("a:    1\n", ("b",), "x", "a:    1\nb:    x\n"),
    ("a: 1\r\n# end\r\n", ("b", "c"), "x", "a: 1\r\nb: {c: x}\r\n# end\r\n"),
    ("a:\n  b: 1 # c\n  # d\n\nx: y\n", ("a", "c"), "2", "a:\n  b: 1 # c\n  c: 2\n  # d\n\nx: y\n"),
    ("a: # why\nx: y\n", ("a", "c"), "2", "a: # why\n  c: 2\nx: y\n"),
    ("a: {b: 1}\n", ("a", "c"), "x, y", 'a: {b: 1, c: "x, y"}\n'),
    ("a: {}\n", ("a", "c"), "x", "a: {c: x}\n"),
    ("a: {b: 1, c: 2}\n", ("a", "b"), ":", 'a: {b: ":", c: 2}\n'),
    ("a: {b: 1, c: 2}\n", ("a", "b"), ":x", 'a: {b: ":x", c: 2}\n'),
    ("a: [b]\n", ("a", 0), "::", 'a: ["::"]\n'),
    ('{"a": {"b": "1"}}\n', ("a", "c"), "x", '{"a": {"b": "1", "c": "x"}}\n'),
    ('{"a": "1"}', ("b", "c"), ["x"], '{"a": "1", "b": {"c": ["x"]}}'),
    ("a:\n  b: 1\n  c: 2\n", ("a",), {"d": "3"}, "a: {d: 3}\n"),
    ("a: x\n", ("a",), ["b"], "a: [b]\n"),
    ("a: [x, 'y' ]\n", ("a",), ["x", "w", "y"], "a: [x, w, 'y' ]\n"),
    ("a:\n- x # 1\n# 2\n- y\n", ("a",), ["y"], "a:\n# 2\n- y\n"),
    ("a:\n- x # 1\n- y\n", ("a",), ["x", "y", "z"], "a:\n- x # 1\n- y\n- z\n"),
    ("a:\n- x # 1\n- y\n", ("a",), ["z", "y"], "a:\n- z # 1\n- y\n"),
    ("a: yes\n", ("a",), "0041", "a: 0041\n"),
    ("a: 1\n", ("b",), "0041", 'a: 1\nb: "0041"\n'),
    ("a: 1\n", ("b",), "no", 'a: 1\nb: "no"\n'),
    ("a: 1\n", ("+49 30", "x y"), "v", 'a: 1\n"+49 30": {"x y": v}\n'),
    ("? a\n: x\n", ("a",), "y", "? a\n: y\n"),
)


@pytest.mark.parametrize(("text", "path", "value", "wanted"), CASES)
def test_a_value_is_written_as_the_file_is(text: str, path: tuple[str, ...], value: object, wanted: str) -> None:
    changed = YamlText(text).with_value(path, value)  # type: ignore[arg-type]  # as YAML has it
    assert changed.text == wanted
    node = changed.at(path)
    assert node is not None
    assert node.plain() == value
    assert changed.with_value(path, value) is changed
    if text.startswith("{"):
        json.loads(changed.text)


REMOVALS = (
    ("a: 1 # c\nb: 2\n", ("a",), "b: 2\n"),
    ("# x\na:\n  b: 1\n  # in\n\n# y\nc: 2\n", ("a",), "# x\n  # in\n\n# y\nc: 2\n"),
    ("a: 1\nb: 2", ("b",), "a: 1"),
    ("a: {b: 1, c: 2}\n", ("a", "b"), "a: {c: 2}\n"),
    ("a: {b: 1, c: 2}\n", ("a", "c"), "a: {b: 1}\n"),
    ("a: {b: {c: 2}}\nd: 1\n", ("a", "b", "c"), "d: 1\n"),
    ("l:\n- a: 1\n  b: 2\n- c: 3\n", ("l", 0, "a"), "l:\n- b: 2\n- c: 3\n"),
    ("l:\n- a: 1\n  b: 2\n- c: 3\n", ("l", 1), "l:\n- a: 1\n  b: 2\n"),
    ("l:\n- a: 1\n  b: 2\n- c: 3\n", ("l", 0), "l:\n- c: 3\n"),
    ("k: [a, b]\n", ("k", 0), "k: [b]\n"),
    ("keep:\n  a: 1\nb: 2\n", ("keep", "a"), "keep: {}\nb: 2\n"),
)


@pytest.mark.parametrize(("text", "path", "wanted"), REMOVALS)
def test_a_key_goes_with_its_line_and_with_what_is_empty_then(
    text: str, path: tuple[str | int, ...], wanted: str
) -> None:
    assert YamlText(text).without(path, keep=("keep",)).text == wanted


def test_what_is_not_there_cannot_be_taken_out() -> None:
    yaml = YamlText("a: 1\n")
    assert yaml.without(("b", "c")) is yaml


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("a: &x 1\n", ("a",), "2"),
        ("a:\n  b: 1 # c\n  c: 2\n", ("a",), "2"),
        ("a: 1\n", ("a", "b"), "2"),
        ("l:\n- a\n", ("l", 3), "2"),
        ("- a\n", ("a",), "2"),
        ("a: 1\na: 2\n", ("a",), "3"),
        ("? a\n: 1\n", ("b",), "3"),
        ("a:\n  b: 1\na:\n  c: 1\n", ("a", "b"), "3"),
    ],
)
def test_what_nobody_foresaw_is_refused(text: str, path: tuple[str | int, ...], value: str) -> None:
    with pytest.raises(NotEditable):
        YamlText(text).with_value(path, value)


def test_of_keys_that_stand_twice_nothing_is_taken_out() -> None:
    for path in (("a", "b"), ("a",)):
        with pytest.raises(NotEditable, match="stands there twice"):
            YamlText("a:\n  b: 1\na:\n  c: 1\n").without(path)


def test_a_block_takes_the_place_of_another() -> None:
    text = "# 1\na:\n  b: 1\n  # 2\n\n# 3\nc: 4"
    assert YamlText(text).with_block("a", "x: 1\ny:\n  z: 2").text == "# 1\na:\n  x: 1\n  y:\n    z: 2\n\n# 3\nc: 4"
    assert YamlText("a:\n  b: 1").with_block("a", "c: 2").text == "a:\n  c: 2"


keys = st.text(min_size=1, max_size=8).filter(lambda key: not REFUSED.search(key))
FRAMES = ("k: old\nz: 1\n", "k: 'old'\n", 'k: "old"', "k:\n", "k: |\n  old\n", "x: {k: old, z: 1}\n", "x: [old, b]\n")


@settings(max_examples=60)
@given(st.sampled_from(FRAMES), st.text(max_size=12))
def test_any_text_is_read_back_as_it_was_typed_or_refused(frame: str, value: str) -> None:
    yaml = YamlText(frame)
    path: tuple[str | int, ...] = ("k",) if frame[0] == "k" else ("x", "k") if "{" in frame else ("x", 0)
    if REFUSED.search(value):
        with pytest.raises(UsageError, match="may not stand"):
            yaml.with_value(path, value)
        return
    changed = yaml.with_value(path, value)
    node = changed.at(path)
    assert node is not None
    assert node.plain() == value


@settings(max_examples=60)
@given(keys)
def test_any_key_can_be_added_and_taken_out_again(key: str) -> None:
    for frame in ("a: 1\nbb: {c: 2}\n", "{a: 1}", '{"a": "1"}\n', "bb:\n  - x\na: 2 # c"):
        yaml = YamlText(frame)
        changed = yaml.with_value((key,), "x")
        if yaml.at((key,)) is None:
            assert changed.without((key,)).text == frame
