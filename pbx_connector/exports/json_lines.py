"""The phone book as JSON lines: all of an entry, and whose it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TextIO

from pbx_connector.api import Entry, Exporter, hookimpl


@hookimpl
def pbx_exporters() -> Sequence[Exporter]:
    return [
        Exporter(
            name="jsonl",
            title="JSON lines",
            content_type="application/jsonl",
            file_ending="jsonl",
            names_owners=True,
            render=write_jsonl,
        )
    ]


def write_jsonl(entries: Iterable[Entry], labels: Sequence[str], stream: TextIO) -> None:
    for entry in entries:
        content = entry.content
        parts = {
            "id": entry.id,
            "account": content.account,
            "fields": dict(content.fields),
            "labels": dict(content.labels),
            "profile": entry.origin.profile if entry.origin else None,
        }
        stream.write(json.dumps(parts, ensure_ascii=False) + "\n")
