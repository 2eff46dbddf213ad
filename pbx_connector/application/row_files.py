"""Reads files of rows for `map` and `explain`: one JSON object a line, or an array of objects.

What is wrong with a row is that row's alone.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pbx_connector import files, rows
from pbx_connector.application.row_arrays import Element, elements
from pbx_connector.errors import UsageError
from pbx_connector.machine import machine_error
from pbx_connector.model import Problem, Row
from pbx_connector.source import FieldSet

_SHAPES = "one JSON object a line, or an array of objects"
MAX_LINE = 20_000_000
"""Bytes. No contact is larger, and a line is held whole."""
MAX_ARRAY = 100_000_000
"""Bytes. The text of an array is held whole."""


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """One row of a file. With a problem it is not to be mapped."""

    row: Row
    """Its key is the number of its line, or its place in the array."""
    problems: tuple[Problem, ...] = ()


def read_rows(path: Path, fields: FieldSet) -> Iterator[WrittenRow]:
    """The rows of a file as they come; empty lines do not count. Raises `UsageError` if the file cannot be read."""
    with _opened(path) as file:
        number, begun = 0, False
        while line := _line(path, file):
            number += 1
            if not begun and _begins_array(line):
                yield from _array(path, file, fields)
                return
            if line.strip():
                begun = True
                yield _row(line.rstrip(b"\r\n"), number, f"{files.shown(path)}:{number}", fields)


def _begins_array(line: bytes) -> bool:
    return line.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"[")


def _array(path: Path, file: BinaryIO, fields: FieldSet) -> Iterator[WrittenRow]:
    for number, element in enumerate(elements(_whole(path, file)), 1):
        yield _array_row(element, str(number), f"{files.shown(path)}:{element.line}:{element.column}", fields)


def _array_row(element: Element, key: str, where: str, fields: FieldSet) -> WrittenRow:
    if element.fault:
        return WrittenRow(Row(key, "", {}), (Problem("M0201", element.fault, where, "a file is " + _SHAPES),))
    return _checked(element.value, key, where, fields)


def _whole(path: Path, file: BinaryIO) -> str:
    try:
        file.seek(0)
        content = file.read(MAX_ARRAY + 1)
    except OSError as error:
        raise machine_error(error) or _unreadable(path, str(error.strerror)) from None
    if len(content) > MAX_ARRAY:
        raise _unreadable(path, f"it has an array of more than {MAX_ARRAY // 1_000_000} MB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"it is no UTF-8 text (byte {error.start + 1})") from None


def _opened(path: Path) -> BinaryIO:
    try:
        return files.open_regular(path)
    except files.UnreadableFile as error:
        raise _unreadable(path, str(error)) from None


def _line(path: Path, file: BinaryIO) -> bytes:
    """The next line, empty at the end of the file."""
    try:
        line = file.readline(MAX_LINE + 1)
    except OSError as error:
        raise machine_error(error) or _unreadable(path, str(error.strerror)) from None
    if len(line) > MAX_LINE:
        raise _unreadable(path, f"it has a line of more than {MAX_LINE // 1_000_000} MB")
    return line


def _unreadable(path: Path, reason: str) -> UsageError:
    hint = 'a file with one JSON object a line, such as {"GivenName": "Ann"}'
    return UsageError(f"the rows file {files.shown(path)} cannot be read: {reason}", hint=hint)


def _row(line: bytes, number: int, where: str, fields: FieldSet) -> WrittenRow:
    key = str(number)
    try:
        values = _object(line)
    except _NoRow as error:
        return WrittenRow(Row(key, "", {}), (Problem("M0201", str(error), where, "each line is one JSON object"),))
    return _checked(values, key, where, fields)


def _checked(values: dict[str, Any], key: str, where: str, fields: FieldSet) -> WrittenRow:
    problems = tuple(
        Problem("M0202" if mistake.unknown else "M0203", mistake.message, where, mistake.hint)
        for mistake in rows.mistakes(values, fields)
    )
    return WrittenRow(Row(key, "", values), problems)


class _NoRow(Exception):
    pass


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise _NoRow(f"this line is no UTF-8 text (byte {error.start + 1})") from None
    except json.JSONDecodeError as error:
        raise _NoRow(f"this line is no JSON: {error.msg} (column {error.colno})") from None
    except (ValueError, RecursionError):
        raise _NoRow("this line holds a number that is not one, or is nested too deep") from None
    if not isinstance(value, dict):
        raise _NoRow("this line is no JSON object")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(name)
