"""Reads the accounts of a phone system from CSV or JSON; all that is wrong with a file is told at once, by line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pbx_connector.errors import UsageError
from pbx_connector.model import Account

COLUMNS = ("id", "username", "email")
MAX_BYTES = 50_000_000


def read_accounts(path: Path) -> list[Account]:
    """`path` ends in .json (a list of objects) or is CSV with a header line, separated by commas, semicolons or tabs.

    Raises `UsageError` that names every bad line; a file with one is not imported at all.
    """
    text = _text(path)
    rows = _json_rows(text, path) if path.suffix.lower() == ".json" else _csv_rows(text, path)
    return _accounts(rows, path)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB: that is no list of accounts")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start})", hint="save it as CSV UTF-8") from None


Numbered = tuple[int, dict[str, str]]
"""A line number (or, in JSON, the number of the object) and what it says, by column."""


def _csv_rows(text: str, path: Path) -> Iterable[Numbered]:
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        _check_columns(columns, path)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) != len(columns):
                    raise UsageError(
                        f"{path}:{reader.line_num}: {len(cells)} columns where the header has {len(columns)}"
                    )
                yield reader.line_num, dict(zip(columns, cells, strict=True))
    except csv.Error as error:
        raise UsageError(f"{path}:{reader.line_num}: not proper CSV: {error}") from None


def _check_columns(columns: Sequence[str], path: Path) -> None:
    if "id" not in columns:
        raise UsageError(f"{path}:1: the column 'id' is missing", hint=f"the first line is: {','.join(COLUMNS)}")
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise UsageError(f"{path}:1: unknown column {unknown[0]!r}", hint=f"known columns: {', '.join(COLUMNS)}")
    if len(set(columns)) != len(columns):
        raise UsageError(f"{path}:1: a column stands there twice")


def _json_rows(text: str, path: Path) -> Iterable[Numbered]:
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError) as error:  # JSONDecodeError, or a number of thousands of digits
        place = f":{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UsageError(f"{path}{place}: not proper JSON") from None
    if not isinstance(content, list):
        raise UsageError(f"{path}: a list of accounts is expected", hint='[{"id": "21", "username": "ann"}]')
    for number, item in enumerate(content, start=1):
        if not isinstance(item, dict) or not all(isinstance(value, (str, int)) for value in item.values()):
            raise UsageError(f"{path}: account {number} is not an object of texts")
        _check_columns(list(item), path)
        yield number, {name: str(value) for name, value in item.items()}


def _accounts(rows: Iterable[Numbered], path: Path) -> list[Account]:
    accounts: dict[str, tuple[int, Account]] = {}
    wrong: list[str] = []
    for number, row in rows:
        account = Account(**{name: row.get(name, "").strip() for name in COLUMNS})
        if not account.id:
            wrong.append(f"{path}:{number}: the id is missing")
        elif account.id in accounts:
            wrong.append(f"{path}:{number}: the id {account.id!r} stands in line {accounts[account.id][0]} already")
        elif account.email and account.email.count("@") != 1:
            wrong.append(f"{path}:{number}: {account.email!r} is no e-mail address")
        else:
            accounts[account.id] = (number, account)
    if wrong:
        raise UsageError("\n".join(wrong), hint="nothing was imported")
    return [account for _, account in accounts.values()]
