"""What a store is asked for, checked before it is looked for: the same for every store."""

from __future__ import annotations

from pathlib import Path

from pbx_connector.errors import UsageError
from pbx_connector.plan import storable
from pbx_connector.stores.entry_validation import label_fault
from pbx_connector.stores.normalization import SEARCHED
from pbx_connector.stores.users import AuditRecord
from pbx_connector.targets import TARGETS

LARGEST = 2**63 - 1
"""The largest id that both databases can hold."""


def checked_number(text: str, what: str) -> int:
    """The number of a run or a plan."""
    if not text.isdecimal():
        raise UsageError(f"{text[:40]!r} is no {what}", hint=f"a {what} is a number, see: pbx-connector history")
    if len(text) > len(str(LARGEST)) or int(text) > LARGEST:
        raise UsageError(f"there is no {what} {text[:40]}", hint="see: pbx-connector history")
    return int(text)


def checked_text(text: str) -> str:
    if not storable(text):
        raise UsageError("the text has characters that no phone book can hold", hint="type it again")
    return text


def check_record(record: AuditRecord) -> None:
    checked_text("".join((record.user, record.address, record.action, record.target)))
    if record.run is not None:
        checked_number(record.run, "run")


def check_successor(old: str, new: str) -> None:
    if old == new:
        raise UsageError(
            f"profile {old} cannot take over from itself", hint="adopt OLD NEW, with the id that it has now"
        )


def checked_search(text: str) -> str:
    """SQLite refuses a pattern of many thousand characters, and no field is that long."""
    longest = max(target.max_length for target in TARGETS if target.name in SEARCHED)
    if len(text) > longest:
        raise UsageError(f"the text to look for has more than {longest} characters", hint="a part of a name is enough")
    return checked_text(text)


def checked_label(name: str) -> str:
    """Without the blanks around it."""
    if wrong := label_fault(name.strip()):
        raise UsageError(wrong, hint="see: pbx-connector labels add --help")
    return name.strip()


def claim_file(profile: str, known: str | None, file: Path | None) -> str | None:
    """Where the profile is run from, from now on. Two files with one id would take away each other's entries; a file
    that moved leaves none behind at its old place. The store forgets it for any other profile: a file has one id."""
    if file is None:
        return known
    path = file.resolve()
    if known is not None and known != str(path) and Path(known).exists():
        raise UsageError(
            f"profile {profile} is run from {known}, so {path} cannot be it, too",
            hint="give one of the two an id: of its own, or delete the one that is not used any more; "
            f"if the other has a new id:, run that one first, or: pbx-connector profiles adopt {profile} NEW",
            code="P0106",
        )
    return str(path)
