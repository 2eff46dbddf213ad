"""JSON for programs of one's own: entries as every `--json` of ours says them, with numbers as they are dialed."""

from __future__ import annotations

import json
from dataclasses import replace

from pbx_connector.api import Content, application
from pbx_directory.formats.format import Rows
from pbx_directory.listing import KINDS, Listed


def _row(row: Listed, place: int) -> str:
    entry = row.entry
    fields = {name: value for name, value in entry.content.fields.items() if name not in KINDS}
    for number in row.numbers:
        fields[number.kind] = ", ".join(filter(None, (fields.get(number.kind), number.dialed)))
    shown = replace(entry, content=Content(entry.content.account, fields, entry.content.labels))
    return ("" if place == 1 else ",") + "\n" + json.dumps(application.views.entry(shown), ensure_ascii=False)


JSON = Rows(
    name="json",
    title="JSON",
    head=lambda _: '{"entries": [',
    row=_row,
    tail=lambda _: "\n]}\n",
    numbered=False,
    content_type="application/json",
    file_ending="json",
)
