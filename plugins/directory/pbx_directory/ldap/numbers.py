"""Numbers in filters: typed and sent in many notations, found in the one of the phone book."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from phonenumbers import PhoneMetadata

from pbx_connector.api import Entry, Key, Match
from pbx_directory.dialing import DialForm, all_dialed, asked
from pbx_directory.ldap.filters import TooMuch

_WRITTEN = re.compile(r"[-+0-9*#().,/\s]*")
_SIGN = re.compile(r"[0-9*#]")
_NO_SIGNS = re.compile(r"[^0-9*#]+")
LONGEST = 64
"""Characters of a number that is looked for."""


def is_number(text: str) -> bool:
    """Whether a number could be written like this, or a part of one. Letters are no number: who types a name where
    numbers are looked for as well must not find everybody who has one."""
    return len(text) <= LONGEST and bool(_SIGN.search(text) or "+" in text) and bool(_WRITTEN.fullmatch(text))


def prefixes(typed: str, form: DialForm) -> tuple[str, ...]:
    """How numbers may begin in the phone book of which one begins like this for a person who dials it."""
    signs = ("+" if typed.lstrip(" (").startswith("+") else "") + _NO_SIGNS.sub("", typed)
    outside = signs.removeprefix(form.outside_line)
    found = [begun for one in (signs, outside) for begun in _begun(one, form.region)]
    return tuple(dict.fromkeys(found))


def _begun(signs: str, region: str | None) -> Sequence[str]:
    code, trunk, abroad = _plan(region)
    found = [signs] if signs else []
    found += ["+" + signs.removeprefix(before) for before in (abroad, "00") if signs.startswith(before)]
    if trunk and signs.startswith(trunk):
        found.append(code + signs.removeprefix(trunk))
    return found


@lru_cache(maxsize=256)
def _plan(region: str | None) -> tuple[str, str, str]:
    """`+49`, what is dialed before a number of the country itself, and what before one of another."""
    metadata = PhoneMetadata.metadata_for_region(region.upper()) if region else None
    if metadata is None:
        return "", "", "00"
    before = metadata.international_prefix or ""
    return f"+{metadata.country_code}", metadata.national_prefix or "", before if before.isdecimal() else "00"


class NumberQuestions:
    """The numbers that one filter asks for: each is looked up once, and given back in the form that it was asked in,
    as phones drop an answer that has another."""

    def __init__(self, lookup: Callable[[str], Sequence[Match]], form: DialForm, most: int) -> None:
        self.form = form
        self._lookup = lookup
        self._most = most
        self._found: dict[str, tuple[Match, ...]] = {}
        self._asked: dict[int, dict[str, str]] = {}
        self.ranks: dict[int, int] = {}
        """Entries that have such a number, to how sure that is: the surest is 0."""

    def owners_of(self, number: str, key: Key) -> tuple[frozenset[int], tuple[str, ...]]:
        """The entries whose field of that key has the number for certain, and the notations in which others may have
        it."""
        found = self._matches(number)
        ids = frozenset(match.entry.id for match in found if match.field == key)
        return ids, asked(number, self.form)

    def _matches(self, number: str) -> tuple[Match, ...]:
        if number not in self._found:
            if len(self._found) >= self._most:
                raise TooMuch("the filter asks for too many numbers")
            self._found[number] = tuple(match for one in asked(number, self.form) for match in self._lookup(one))
            for match in self._found[number]:
                self._note(match, number)
        return self._found[number]

    def _note(self, match: Match, number: str) -> None:
        self.ranks.setdefault(match.entry.id, len(self.ranks))
        self._asked.setdefault(match.entry.id, {})[match.entry.content.fields[match.field]] = number.strip()

    def shown(self, entry: Entry, key: Key) -> tuple[str, ...]:
        """The numbers of a field as the device dials them, then as it asked for them."""
        written = entry.content.fields.get(key, "")
        if not written:
            return ()
        dialed = all_dialed(written, self.form)
        again = self._asked.get(entry.id, {}).get(written)
        return dialed if again is None or again in dialed else (*dialed, again)
