"""The formats that phones read: one module a family, a row in the table a format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pbx_connector.api import Exporter
from pbx_directory.formats.avaya import AVAYA
from pbx_directory.formats.cisco import CISCO, CISCO_SPA
from pbx_directory.formats.fanvil import FANVIL, FANVIL_BROWSER
from pbx_directory.formats.format import Entrance, Exported, Format, Protocol, Rows
from pbx_directory.formats.fritzbox import FRITZBOX
from pbx_directory.formats.gigaset import GIGASET_FILE
from pbx_directory.formats.gigaset_search import GIGASET
from pbx_directory.formats.grandstream import GRANDSTREAM, GRANDSTREAM_OLD
from pbx_directory.formats.mitel import MITEL
from pbx_directory.formats.panasonic import PANASONIC
from pbx_directory.formats.plain_json import JSON
from pbx_directory.formats.poly import POLY, POLY_BROWSER
from pbx_directory.formats.snom import SNOM, SNOM_BROWSER, SNOM_OLD
from pbx_directory.formats.yealink import HTEK, YEALINK

__all__ = ["FORMATS", "Entrance", "Exported", "Format", "Protocol", "Rows", "known_formats"]

_ROWS: tuple[Format, ...] = (
    YEALINK,
    SNOM,
    SNOM_OLD,
    SNOM_BROWSER,
    GRANDSTREAM,
    GRANDSTREAM_OLD,
    FANVIL,
    FANVIL_BROWSER,
    CISCO,
    CISCO_SPA,
    POLY,
    POLY_BROWSER,
    GIGASET,
    GIGASET_FILE,
    MITEL,
    HTEK,
    PANASONIC,
    AVAYA,
    FRITZBOX,
    JSON,
)
FORMATS: Mapping[str, Format] = {row.name: row for row in _ROWS}
"""By name; `known_formats` has those of exporters too."""


def known_formats(exporters: Mapping[str, Exporter]) -> dict[str, Format]:
    """What a device can have: ours, and what `phonebook export` writes, with a name of its own for each variant, such
    as `vcard-3.0`."""
    return {row.name: row for exporter in exporters.values() for row in _exported(exporter)} | dict(FORMATS)


def _exported(exporter: Exporter) -> Iterator[Exported]:
    for variant in ("", *exporter.variants):
        yield Exported(
            name=f"{exporter.name}-{variant}" if variant else exporter.name,
            title=f"{exporter.title} ({variant})" if variant else exporter.title,
            content_type=exporter.content_type,
            file_ending=exporter.file_ending,
            exporter=exporter,
            variant=variant,
        )
