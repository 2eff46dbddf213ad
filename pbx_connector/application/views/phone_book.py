"""Entries, persons, labels, accounts and devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pbx_connector.application.views.runs import candidate, change
from pbx_connector.application.views.values import Json, moment

if TYPE_CHECKING:  # a view looks at what is there: it loads nothing that a command does not use
    from pbx_connector.application.accounts import PlannedImport
    from pbx_connector.application.devices import MadeDevice
    from pbx_connector.model import Account
    from pbx_connector.plan import Change
    from pbx_connector.stores import AccountImport, Device, Entry, Label, Match
    from pbx_connector.stores.persons import Duplicates, Evidence, Person


def entry(of: Entry) -> Json:
    origin = of.origin
    return {
        "id": of.id,
        "account": of.content.account,
        "fields": dict(of.content.fields),
        "labels": dict(of.content.labels),
        "profile": origin.profile if origin else None,
        "book": origin.book.title if origin else None,
        "merged": list(of.merged),
        "gives_way_to": of.gives_way_to,
    }


def match(of: Match) -> Json:
    content = of.entry.content
    return {
        "id": of.entry.id,
        "account": content.account,
        "display_name": content.fields.get("display_name", ""),
        "field": of.field,
        "number": of.number,
        "labels": dict(content.labels),
        "switchboard": of.switchboard,
    }


def duplicates(of: Duplicates) -> Json:
    return {
        "persons": [_person(each) for each in of.persons],
        "ambiguous": [_evidence(each.evidence) | {"entries": each.entries} for each in of.ambiguous],
    }


def _person(of: Person) -> Json:
    towards = {link.entry: link.shown for link in of.links}
    entries = [
        candidate(each) | {"fields": dict(each.fields), "gives_way_to": towards.get(each.entry)} for each in of.entries
    ]
    return {"entries": entries, "because": [_evidence(each) for each in of.because]}


def _evidence(of: Evidence) -> Json:
    return {"kind": of.kind, "value": of.value}


def label(of: Label) -> Json:
    return {"name": of.name, "entries": of.entries}


def account(of: Account) -> Json:
    return {"id": of.id, "username": of.username, "email": of.email}


def device(of: Device) -> Json:
    seen = of.seen
    return {
        "id": of.id,
        "name": of.name,
        "account": of.account,
        **of.options,
        "made": moment(of.made),
        "seen": moment(seen.time) if seen else None,
        "seen_from": seen.address if seen else None,
        "seen_as": seen.agent if seen else None,
    }


def account_import(of: AccountImport) -> Json:
    return {
        "added": [account(one) for one in of.added],
        "updated": [account(one) for one in of.updated],
        "removed": [account(one) for one in of.removed],
        "entries_removed": of.entries,
    }


def found_entries(
    entries: Sequence[Entry], following: int | None, callers: Sequence[Match] = (), total: int | None = None
) -> Json:
    """A page of the phone book; `following` is the entry behind which the next one begins, None on the last."""
    return {
        "entries": [entry(each) for each in entries],
        "next": following,
        "callers": [match(each) for each in callers],
        "total": total,
    }


def whole_entry(of: Entry, giving_way: Sequence[Entry], history: Sequence[tuple[str, Change]]) -> Json:
    """With the entries that give way to it, and its changes with their runs, the newest first."""
    return entry(of) | {
        "row": of.origin.row if of.origin else None,
        "giving_way": [entry(each) for each in giving_way],
        "history": [change(each) | {"run": run} for run, each in history],
    }


def entry_form(fields: Mapping[str, str], labels: Mapping[str, str]) -> Json:
    """What an entry made by hand says, as it is changed."""
    return {"fields": dict(fields), "labels": dict(labels)}


def entry_faults(faults: Mapping[str, str]) -> Json:
    """By field, or `label NAME`."""
    return {"error": {"message": "the entry cannot be written so", "hint": None, "fields": dict(faults)}}


def made_device(of: MadeDevice, access: Mapping[str, str]) -> Json:
    """With its secret, which is shown this once; `access`: what has to be typed into it, by what that is."""
    return device(of.device) | {"secret": of.secret, "access": dict(access)}


def tried_device(of: Device, answer: str) -> Json:
    """`answer`: what it would show for what was asked, as text."""
    return device(of) | {"answer": answer or None}


def planned_import(of: PlannedImport, kept: str) -> Json:
    """`kept`: what it is agreed to by."""
    return account_import(of.changes) | {"doubts": list(of.doubts), "import": kept}


def removed_account(id: str, entries: int) -> Json:
    return {"id": id, "entries_removed": entries}


def accounts_and_labels(accounts: Sequence[Account], labels: Sequence[Label], following: str | None) -> Json:
    return {
        "accounts": [account(each) for each in accounts],
        "labels": [label(each) for each in labels],
        "next": following,
    }
