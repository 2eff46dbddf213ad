"""The phone book as vCard 4.0, or 3.0 for programs that read no other."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from pbx_connector.api import Entry, Exporter, ExportOptions, hookimpl

if TYPE_CHECKING:
    from vobject.base import Component

VERSIONS = ("4.0", "3.0")
NAMESPACE = uuid.UUID("b5a7a4c6-0d5c-5b0b-9f64-5a2f6c9c1e1d")
"""Of the ids that entries get: they stay the same for as long as the phone book exists."""
_DEFAULT = ExportOptions()

PHONE_TYPES = {"phone": "work", "mobile": "cell", "home_phone": "home", "fax": "fax"}


@hookimpl
def pbx_exporters() -> Sequence[Exporter]:
    return [
        Exporter(
            name="vcard",
            title="vCard",
            content_type="text/vcard; charset=utf-8",
            file_ending="vcf",
            render=write_vcards,
            variants=VERSIONS,
            render_with=write_vcards,
        )
    ]


def write_vcards(
    entries: Iterable[Entry], labels: Sequence[str], stream: TextIO, options: ExportOptions = _DEFAULT
) -> None:
    for entry in entries:
        stream.write(_vcard(entry, options).serialize())


def uid(entry: int, store: str) -> str:
    return uuid.uuid5(NAMESPACE, f"{store} {entry}").urn


def _vcard(entry: Entry, options: ExportOptions) -> Component:
    import vobject  # every command asks for the plugins, only this one needs vobject

    fields = entry.content.fields
    card = vobject.vCard()
    card.add("version").value = options.variant or VERSIONS[0]
    card.add("uid").value = uid(entry.id, options.store)
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
