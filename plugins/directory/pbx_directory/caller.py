"""Who calls: the one best entry for a number, as text for phone systems that show what they get, or with its labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pbx_connector.api import Match, PhoneBook
from pbx_directory.devices import Telephone
from pbx_directory.dialing import asked

LONGEST_NAME = 80
LONGEST_NUMBER = 80
_UNFIT = re.compile(r"""[\s"',;\\<>]+""")
"""What dialplans, SIP headers and CSV files of phone systems take for something else."""


@dataclass(frozen=True, slots=True)
class Caller:
    number: str
    """As it was asked for."""
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    organisation: str = ""
    email: str = ""
    entry: int | None = None
    """None: nobody has the number."""
    private: bool = False
    switchboard: bool = False
    """Another telephone of that company rings."""
    labels: Mapping[str, str] = field(default_factory=dict)

    def label(self, name: str) -> str:
        """The value of a label, whatever the case of its name; empty without it."""
        wanted = name.casefold()
        return next((value for held, value in self.labels.items() if held.casefold() == wanted), "")


def look_up(book: PhoneBook, number: str, asker: Telephone) -> Caller:
    """Whose number it is, for a device. Raises `StoreError`."""
    for wanted in asked(number[:LONGEST_NUMBER], asker.form):
        if matches := book.lookup(wanted, account=asker.account):
            return _caller(number, matches[0])
    return Caller(number)


def one_line(text: str) -> str:
    """Fit for a caller's name: one line, no quotes, no commas, not too long."""
    return _UNFIT.sub(" ", text).strip()[:LONGEST_NAME].rstrip()


def _caller(number: str, match: Match) -> Caller:
    content = match.entry.content
    fields = content.fields
    return Caller(
        number,
        fields["display_name"],
        fields.get("first_name", ""),
        fields.get("last_name", ""),
        fields.get("organisation", ""),
        fields.get("email", ""),
        match.entry.id,
        content.account is not None,
        match.switchboard,
        content.labels,
    )
