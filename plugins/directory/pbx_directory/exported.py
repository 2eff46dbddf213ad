"""Formats of `phonebook export` for a device: written by their own exporters, with numbers in the dial form."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO, cast

from pbx_connector.api import ExportOptions, Labelled
from pbx_directory.asking import Asked
from pbx_directory.book_reading import found
from pbx_directory.listing import redialed

if TYPE_CHECKING:
    from pbx_directory.formats import Exported

IN_MEMORY = 1_000_000
"""Characters; a longer book is put together in a file."""
PIECE = 16_384


def exported_text(format: Exported, asked: Asked) -> Iterator[str]:
    with tempfile.SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8", newline="") as spooled:
        stream = cast("TextIO", spooled)
        entries = (redialed(entry, asked.form) for entry in found(asked, numbered=False))
        options = ExportOptions(variant=format.variant, store=asked.store)
        format.exporter.write(entries, _labels(asked), stream, options)
        stream.seek(0)
        while piece := stream.read(PIECE):
            yield piece


def _labels(asked: Asked) -> list[str]:
    """Of entries that the device sees: the name of another's label may say something too."""
    names = [label.name for label in asked.book.labels()]
    return [name for name in names if asked.book.count(Labelled(name), owners=asked.device.owners)]
