"""What people know a contact by: said beside a problem with it, because a key from a server tells them nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pbx_connector.model import Problem
from pbx_connector.plan import storable
from pbx_connector.rows import ACCOUNT_FIELD
from pbx_connector.source import FieldSet
from pbx_connector.stores.workspace import StagedRow

LONGEST = 60
"""Characters of a name."""

_OF_AN_ENTRY = ("display_name", "organisation", "phone", "mobile", "home_phone", "fax", "email")


def of_row(values: Mapping[str, Any], fields: FieldSet) -> str:
    """By the fields that the source says contacts are known by, else the first text that the row has."""
    return _first(_texts(values, group) for group in fields.known_by or _singly(values, fields))


def of_entry(fields: Mapping[str, str]) -> str:
    return _first([fields.get(name, "")] for name in _OF_AN_ENTRY)


def named(row: StagedRow, contact: str) -> StagedRow:
    """A source may know better, and a problem that does not say which row it is about is one of many rows at once."""
    return replace(row, problems=tuple(_named(problem, row.key, contact) for problem in row.problems))


def _named(problem: Problem, key: str, contact: str) -> Problem:
    return problem if problem.contact or key not in problem.where else replace(problem, contact=contact)


def _singly(values: Mapping[str, Any], fields: FieldSet) -> Iterator[tuple[str]]:
    names = dict.fromkeys((*fields.names(), *values))
    return ((name,) for name in names if name != ACCOUNT_FIELD)


def _texts(values: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    return [value for name in names if isinstance(value := values.get(name), str)]


def _first(groups: Iterable[Iterable[str]]) -> str:
    lines = (" ".join(" ".join(group).split()) for group in groups)
    return next((line[:LONGEST] for line in lines if line and storable(line)), "")
