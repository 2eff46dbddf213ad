"""The phone book as files for other programs: the phone system's CSV template, JSON lines, vCard 4.0.

Entries are written as they come, so a book of any size passes through.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TextIO

import vobject

from pbx_connector.stores.contract import Entry
from pbx_connector.targets import TARGETS

CSV_TARGETS = tuple(target for target in TARGETS if target.csv)
PHONE_TYPES = {"phone": "work", "mobile": "cell", "home_phone": "home", "fax": "fax"}

Export = Callable[[Iterable[Entry], Sequence[str], TextIO], None]
"""Writes entries; the labels of the whole phone book are named first, as CSV needs them for its heading."""


def write_csv(entries: Iterable[Entry], labels: Sequence[str], out: TextIO) -> None:
    """In the columns of the phone system's own CSV import, followed by one for each label."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*(target.csv for target in CSV_TARGETS), *_columns(labels)])
    for entry in entries:
        fields, carried = entry.content.fields, entry.content.labels
        row = [fields.get(target.name, "") for target in CSV_TARGETS]
        writer.writerow(row + [carried.get(name, "") for name in labels])


def _columns(labels: Sequence[str]) -> Iterator[str]:
    """A label named like a field gets another heading: read by its name, it would take the field's place."""
    fields = {target.csv for target in CSV_TARGETS}
    for name in labels:
        column = name
        while column.strip().casefold() in fields or (column != name and column in labels):
            column = f"Label {column}"
        yield column


def write_jsonl(entries: Iterable[Entry], labels: Sequence[str], out: TextIO) -> None:
    for entry in entries:
        content = entry.content
        parts = {
            "id": entry.id,
            "account": content.account,
            "fields": dict(content.fields),
            "labels": dict(content.labels),
            "profile": entry.origin.profile if entry.origin else None,
        }
        out.write(json.dumps(parts, ensure_ascii=False) + "\n")


def write_vcards(entries: Iterable[Entry], labels: Sequence[str], out: TextIO) -> None:
    for entry in entries:
        out.write(_vcard(entry).serialize())


def _vcard(entry: Entry) -> vobject.base.Component:
    fields = entry.content.fields
    card = vobject.vCard()
    card.add("version").value = "4.0"
    card.add("fn").value = fields["display_name"]
    card.add("n").value = vobject.vcard.Name(fields.get("last_name", ""), fields.get("first_name", ""))
    for name, kind in PHONE_TYPES.items():
        if name in fields:
            number = card.add("tel")
            number.value, number.type_param = fields[name], kind
    _add_texts(card, fields, entry.content.labels)
    return card


def _add_texts(card: vobject.base.Component, fields: Mapping[str, str], labels: Mapping[str, str]) -> None:
    if "organisation" in fields:
        card.add("org").value = [fields["organisation"]]
    for name, key in (("email", "email"), ("notes", "note")):
        if name in fields:
            card.add(key).value = fields[name]
    for name, value in labels.items():
        card.add("x-pbx-label").value = f"{name}={value}"


EXPORTS: Mapping[str, Export] = {"csv": write_csv, "jsonl": write_jsonl, "vcard": write_vcards}
NAMING_OWNERS = frozenset({"jsonl"})
"""The formats that say whose a private entry is. Read from any other, it would be a company entry."""
