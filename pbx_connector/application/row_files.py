"""Reads files of rows, one JSON object a line, for `map` and `explain`; what is wrong with a line is that line's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pbx_connector import files, rows
from pbx_connector.errors import UsageError
from pbx_connector.machine import machine_error
from pbx_connector.model import Problem, Row
from pbx_connector.source import FieldSet

MAX_LINE = 20_000_000
"""Bytes. No contact is larger, and a line is held whole."""


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """One line of a file. With a problem it is not to be mapped."""

    row: Row
    """Its key is the number of its line."""
    problems: tuple[Problem, ...] = ()


def read_rows(path: Path, fields: FieldSet) -> Iterator[WrittenRow]:
    """The rows of a file as they come; empty lines do not count. Raises `UsageError` if the file cannot be read."""
    with _opened(path) as file:
        number = 0
        while line := _line(path, file):
            number += 1
            if line.strip():
                yield _row(line.rstrip(b"\r\n"), number, f"{files.shown(path)}:{number}", fields)


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
