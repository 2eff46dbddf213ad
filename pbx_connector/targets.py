"""The fields of a phone book entry: one table for structures, the store, the command line and the exports.

Codes and CSV columns are those of the phone system this connector feeds; names are ours and are used everywhere else.
Lengths are in characters as readers count them; the mapping cuts, the store only refuses what is not text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

TargetKind = Literal["text", "phone", "email", "notes"]


@dataclass(frozen=True, slots=True)
class Target:
    """One field of an entry."""

    name: str
    """As in `Record.fields` and as the store's column."""
    code: str
    """As structures name it."""
    title: str
    """For people."""
    csv: str
    """Column in the phone system's CSV template; empty if it has none."""
    kind: TargetKind = "text"
    max_length: int = 255
    required: bool = False


TARGETS = (
    Target("display_name", "028pho_bez", "Display name", "displayname", max_length=80, required=True),
    Target("phone", "028pho_phone", "Telephone", "phone", "phone"),
    Target("first_name", "028pho_firstname", "Forename", "givenname"),
    Target("last_name", "028pho_lastname", "Surname", "surname"),
    Target("organisation", "028pho_organisation", "Organisation", "organisation"),
    Target("email", "028pho_email", "E-mail", "email", "email"),
    Target("mobile", "028pho_mobile", "Mobile", "mobile", "phone"),
    Target("home_phone", "028pho_homephone", "Telephone (private)", "homephone", "phone"),
    Target("fax", "028pho_fax", "Fax", "fax", "phone"),
    Target("notes", "028pho_notes", "Notes", "", "notes", max_length=4000),
)
"""The fields of an entry, the required one first."""

TARGET_BY_CODE: Mapping[str, Target] = MappingProxyType({target.code: target for target in TARGETS})
TARGET_BY_NAME: Mapping[str, Target] = MappingProxyType({target.name: target for target in TARGETS})
FIELD_NAMES = tuple(target.name for target in TARGETS)

ACCOUNT_CODE = "011acc_id"
"""The owner of a private entry; not a field but `Record.account`."""

ENTRY_TABLE = "phonebook"
LABEL_TABLE = "phonebook.phonebooklabel"
LABEL_NAME_CODE = "050lab_bez"
LABEL_VALUE_CODE = "028050pholab_value"
LABEL_NAME_MAX_LENGTH = 80
LABEL_VALUE_MAX_LENGTH = 255

STRUCTURE_FIELDS = (
    *TARGETS,
    Target("account", ACCOUNT_CODE, "Owner of a private entry", ""),
    Target("label", LABEL_NAME_CODE, "Name of a label", "", max_length=LABEL_NAME_MAX_LENGTH, required=True),
    Target("label_value", LABEL_VALUE_CODE, "Value of a label", "", max_length=LABEL_VALUE_MAX_LENGTH, required=True),
)
"""All that a structure may fill in: the fields of an entry, its owner, and its labels."""

_BREAKS = re.compile(r"\s*[\x00-\x1f\x7f-\x9f\u2028\u2029]+[\s\x00-\x1f\x7f-\x9f]*")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def stands_on_one_line(text: str) -> bool:
    """Whether there is nothing in it that `single_line` would make a blank of."""
    return text.isprintable() or not _BREAKS.search(text)


def has_controls(text: str) -> bool:
    """Whether there is something in it that is neither written nor the end of a line nor a tab."""
    return not text.isprintable() and _CONTROLS.search(line_ends(text)) is not None


def line_ends(text: str) -> str:
    """Each line ends with a line feed alone, wherever the text was typed."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def single_line(text: str) -> str:
    """Line breaks, tabs and control characters, with the white space around them, as one blank each."""
    return text if text.isprintable() else _BREAKS.sub(" ", text).strip()


def fitting(code: str, text: str) -> str:
    """The text as its field holds it: notes keep their lines and tabs, all else stands on one line."""
    target = TARGET_BY_CODE.get(code)
    if target is None or target.kind != "notes":
        return single_line(text)
    return text if text.isprintable() else _CONTROLS.sub("", line_ends(text)).strip()
