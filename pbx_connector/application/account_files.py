"""Reads the accounts of a phone system from CSV or JSON; all that is wrong with one is reported together, by line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbx_connector import files
from pbx_connector.application.account_columns import COLUMNS, read_header
from pbx_connector.errors import UsageError
from pbx_connector.model import Account
from pbx_connector.plan import storable
from pbx_connector.visible import shown

MAX_BYTES = 50_000_000
TOLD = 20
"""So many faults are named one by one."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a file says of one account."""

    file: Path
    number: int
    values: dict[str, str]
    """By column."""
    fault: str = ""
    """Why the values cannot be used."""
    counted: str = "line"
    """What the number is of."""

    def __str__(self) -> str:
        return f"{self.file}:{self.number}" if self.counted == "line" else f"{self.file}: {self.counted} {self.number}"


def _say_nothing(_: str) -> None:
    pass


def read_accounts(path: Path, note: Callable[[str], None] = _say_nothing) -> list[Account]:
    """`path` ends in .json (a list of objects) or is CSV with a header line, separated by commas, semicolons or tabs.

    `note` is told what of the file is passed over. Raises `UsageError` with a line for each fault; a file with one is
    not imported at all.
    """
    return accounts_in(_text(path), path, note)


def accounts_in(text: str, path: Path, note: Callable[[str], None] = _say_nothing) -> list[Account]:
    """The same for what stands in a file of that name."""
    accounts, faults = _accounts(_in_json(text, path) if path.suffix.lower() == ".json" else _in_csv(text, path, note))
    if faults:
        more = [f"{path}: {len(faults) - TOLD} more faults"] if len(faults) > TOLD else []
        raise UsageError("\n".join(faults[:TOLD] + more), hint="nothing was imported")
    return accounts


def _text(path: Path) -> str:
    try:
        return files.read_text(path, at_most=MAX_BYTES)
    except files.UnreadableFile as error:
        raise UsageError(f"{files.shown(path)} cannot be read: {error}", hint=error.hint) from None


def _in_csv(text: str, path: Path, note: Callable[[str], None]) -> Iterator[Part]:
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    try:
        columns = read_header(next(reader, []), f"{path}:1")
        if columns.skipped:
            note(f"{path}: skipped, as accounts have no such columns: {', '.join(map(repr, columns.skipped))}")
        many = len(columns.columns)
        for cells in reader:
            if len(cells) == many:
                yield Part(path, reader.line_num, columns.values(cells))
            elif any(cell.strip() for cell in cells):
                yield Part(path, reader.line_num, {}, f"{len(cells)} columns where the header has {many}")
    except csv.Error as error:
        yield Part(path, reader.line_num, {}, f"not proper CSV: {error}")


def _in_json(text: str, path: Path) -> Iterator[Part]:
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError) as error:  # JSONDecodeError, or a number of thousands of digits
        place = f":{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UsageError(f"{path}{place}: not proper JSON") from None
    if not isinstance(content, list):
        raise UsageError(f"{path}: a list of accounts is expected", hint='[{"id": "21", "username": "ann"}]')
    for number, item in enumerate(content, start=1):
        yield Part(path, number, *_json_account(item), counted="account")


def _json_account(item: Any) -> tuple[dict[str, str], str]:
    """Its values and what is wrong with them; ids may be numbers, and null says nothing."""
    if not isinstance(item, dict):
        return {}, "not an object"
    if unknown := [name for name in item if name not in COLUMNS]:
        return {}, f"unknown key {unknown[0]!r}; known ones are {', '.join(COLUMNS)}"
    if wrong := [name for name, value in item.items() if not _is_text(value)]:
        return {}, f"{wrong[0]} is not a text"
    return {name: "" if value is None else str(value) for name, value in item.items()}, ""


def _is_text(value: object) -> bool:
    return isinstance(value, str | int | None) and not isinstance(value, bool)


def _accounts(parts: Iterable[Part]) -> tuple[list[Account], list[str]]:
    """The accounts, and what is wrong with those that are none."""
    found: dict[str, tuple[int, Account]] = {}
    faults: list[str] = []
    for part in parts:
        account = Account(**{name: part.values.get(name, "").strip() for name in COLUMNS})
        if fault := part.fault or account_fault(account):
            faults.append(f"{part}: {fault}")
        elif account.id in found:
            faults.append(f"{part}: the id {account.id!r} stands in {part.counted} {found[account.id][0]} already")
        else:
            found[account.id] = (part.number, account)
    return [account for _, account in found.values()], faults


def account_fault(account: Account) -> str:
    """What keeps it from being an account, in words; empty if nothing does."""
    if not storable(account.id + account.username + account.email):
        return "it has characters that no phone book can hold"
    if not account.id:
        return "the id is missing"
    for name in COLUMNS:
        if shown(getattr(account, name)) != getattr(account, name):
            return f"its {name} has a control character, a line break or a mark that nobody sees"
    return f"{account.email!r} is not an e-mail address" if account.email and account.email.count("@") != 1 else ""
