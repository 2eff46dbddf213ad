"""Which column of an account file is which: phone systems and directories name them differently."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pbx_connector.errors import UsageError

COLUMNS = ("id", "username", "email")

OTHER_NAMES = {
    "id": ("account id", "acc_id", "011acc_id", "extension", "Nebenstelle", "Durchwahl"),
    "username": ("user", "login", "login name", "Benutzername", "Benutzer", "Anmeldename", "sAMAccountName"),
    "email": ("mail", "e-mail address", "email address", "E-Mail-Adresse", "Mailadresse"),
}
"""What else stands for a column, whatever its case, blanks and hyphens."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a file, understood."""

    columns: tuple[str, ...]
    """One of `COLUMNS` for each column of the file; empty for one that is skipped."""
    skipped: tuple[str, ...]
    """As they stand in the file."""

    def values(self, cells: Sequence[str]) -> dict[str, str]:
        return {column: cell for column, cell in zip(self.columns, cells, strict=True) if column}


def read_header(names: Sequence[str], place: str) -> Header:
    """The column's own name counts before any other. Raises `UsageError` if there is no id, or a column twice."""
    meant = [_column(name) for name in names]
    places: dict[str, list[int]] = defaultdict(list)
    for index, column in enumerate(meant):
        places[column].append(index)
    chosen = {_chosen(column, names, places[column], place): column for column in COLUMNS if places[column]}
    if "id" not in chosen.values():
        others = ", ".join(OTHER_NAMES["id"])
        hint = f"the first line is: {','.join(COLUMNS)}; in place of id also {others}"
        raise UsageError(f"{place}: the column 'id' is missing", hint=hint)
    columns = tuple(chosen.get(index, "") for index in range(len(names)))
    return Header(columns, tuple(name.strip() for name, column in zip(names, columns, strict=True) if not column))


def _chosen(column: str, names: Sequence[str], places: Sequence[int], place: str) -> int:
    own = [index for index in places if _plain(names[index]) == column] or places
    if len(own) == 1:
        return own[0]
    first, second = (names[index].strip() for index in own[:2])
    if first.casefold() == second.casefold():
        raise UsageError(f"{place}: a column stands there twice: {first}")
    raise UsageError(f"{place}: both {first!r} and {second!r} could be the {column}", hint=f"name one of them {column}")


def _column(name: str) -> str:
    plain = _plain(name)
    return plain if plain in COLUMNS else _BY_OTHER_NAME.get(plain, "")


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


_BY_OTHER_NAME = {_plain(name): column for column, names in OTHER_NAMES.items() for name in names}
