"""The phone book as vCard 4.0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from pbx_connector.api import Entry, Exporter, hookimpl

if TYPE_CHECKING:
    from vobject.base import Component

PHONE_TYPES = {"phone": "work", "mobile": "cell", "home_phone": "home", "fax": "fax"}


@hookimpl
def pbx_exporters() -> Sequence[Exporter]:
    return [
        Exporter(
            name="vcard",
            title="vCard 4.0",
            content_type="text/vcard; charset=utf-8",
            file_ending="vcf",
            render=write_vcards,
        )
    ]


def write_vcards(entries: Iterable[Entry], labels: Sequence[str], stream: TextIO) -> None:
    for entry in entries:
        stream.write(_vcard(entry).serialize())


def _vcard(entry: Entry) -> Component:
    import vobject  # every command asks for the plugins, only this one needs vobject

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


def _add_texts(card: Component, fields: Mapping[str, str], labels: Mapping[str, str]) -> None:
    if "organisation" in fields:
        card.add("org").value = [fields["organisation"]]
    for name, key in (("email", "email"), ("notes", "note")):
        if name in fields:
            card.add(key).value = fields[name]
    for name, value in labels.items():
        card.add("x-pbx-label").value = f"{name}={value}"
