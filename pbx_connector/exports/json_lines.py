"""The phone book as JSON lines: each entry as `phonebook list --json` says it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TextIO

from pbx_connector.api import Entry, Exporter, application, hookimpl


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
        stream.write(json.dumps(application.views.entry(entry), ensure_ascii=False) + "\n")
