"""Every JSON shape stands in `application/views`: user interfaces and the plugins that ship print what a view gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[2] / "pbx_connector"
PRINTERS = {"as_json", "as_json_line", "as_json_list", "as_json_with_list", "dumps"}
FILES = [file for part in ("cli", "service", "exports") for file in sorted((CORE / part).rglob("*.py"))]


def shapes(code: str) -> Iterator[int]:
    """The lines on which a JSON object is made up as it is printed."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and _name(node.func) in PRINTERS:
            inside = [part for argument in node.args for part in ast.walk(argument)]
            if any(isinstance(part, ast.Dict | ast.DictComp | ast.BitOr) for part in inside):
                yield node.lineno


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("file", FILES, ids=[file.relative_to(CORE).as_posix() for file in FILES])
def test_what_is_printed_as_json_is_a_view(file: Path) -> None:
    assert list(shapes(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "code", ["output.as_json({'a': 1})", "as_json(views.report(x) | {'a': 1})", "json.dumps([{n: 1} for n in x])"]
)
def test_a_shape_elsewhere_is_found(code: str) -> None:
    assert list(shapes(code)) == [1]
