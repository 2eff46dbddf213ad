"""Looking a number up: which of the candidates really have it, and whose name is shown first."""

from __future__ import annotations

from collections.abc import Iterable

from pbx_connector.model import PHONE_FIELDS
from pbx_connector.stores.contract import Entry, Match
from pbx_connector.stores.normalization import digits, same_number


def ordered_matches(number: str, candidates: Iterable[Entry]) -> list[Match]:
    """Private before company entries, then by the order of phone fields, then by id."""
    verdicts: dict[str, bool] = {}
    found = []
    for entry in candidates:
        for name in PHONE_FIELDS:
            written = entry.content.fields.get(name)
            if written is not None and _matches(number, written, verdicts):
                found.append(Match(entry, name))
                break
    return sorted(found, key=_rank)


def _matches(number: str, written: str, verdicts: dict[str, bool]) -> bool:
    """Many entries may share their company's number: each notation is judged once."""
    if written not in verdicts:
        verdicts[written] = bool(digits(written)) and same_number(number, written)
    return verdicts[written]


def _rank(match: Match) -> tuple[bool, int, int]:
    return match.entry.content.account is None, PHONE_FIELDS.index(match.field), match.entry.id
