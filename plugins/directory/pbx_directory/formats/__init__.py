"""The formats that phones read: one module a family, a row in the table a format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pbx_connector.api import Exporter

from .avaya import AVAYA
from .cisco import CISCO, CISCO_SPA
from .fanvil import FANVIL, FANVIL_BROWSER
from .format import Entrance, Exported, Format, Protocol, Rows
from .fritzbox import FRITZBOX
from .gigaset import GIGASET_FILE
from .gigaset_search import GIGASET
from .grandstream import GRANDSTREAM, GRANDSTREAM_OLD
from .mitel import MITEL
from .panasonic import PANASONIC
from .plain_json import JSON
from .poly import POLY, POLY_BROWSER
from .snom import SNOM, SNOM_BROWSER, SNOM_OLD
from .yealink import HTEK, YEALINK

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
