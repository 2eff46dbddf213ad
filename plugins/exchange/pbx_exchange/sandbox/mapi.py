"""Extended properties: the MAPI names below the web service, by which some clients ask for what has a name above, too.

What they are called among the values stands in `pbx_connector.testing.office.mapi`. Neighbours: shapes.py and
restrictions.py (who reads), writers.py (who writes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from pbx_connector.testing.office.entities import Item, Values
from pbx_connector.testing.office.mapi import ADDRESS_SET, COMPUTED, KNOWN, as_text
from pbx_exchange.sandbox.soap import attribute, escape

_SETS: Final[Mapping[str, str]] = {"address": ADDRESS_SET}


@dataclass(frozen=True, slots=True)
class Extended:
    """A MAPI property that a client names."""

    tag: str
    """`0x3a45`, or set and number (or name) of a named property."""
    attributes: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """What it is called among an item's values."""
        return KNOWN.get(self.tag, self.tag)

    def read(self, item: Item, values: Values) -> str | None:
        if self.tag in COMPUTED:
            return COMPUTED[self.tag](item, values)
        return as_text(values.get(self.name))

    def write(self, item: Item, values: Values) -> str:
        kept = values.get(self.name)
        if isinstance(kept, tuple):
            return self._wrap(f"<t:Values>{''.join(f'<t:Value>{escape(one)}</t:Value>' for one in kept)}</t:Values>")
        value = self.read(item, values)
        return self.write_value(value) if value else ""

    def write_value(self, value: str) -> str:
        return self._wrap(f"<t:Value>{escape(value)}</t:Value>")

    def _wrap(self, content: str) -> str:
        inner = " ".join(f"{name}={attribute(text)}" for name, text in self.attributes)
        return f"<t:ExtendedProperty><t:ExtendedFieldURI {inner}/>{content}</t:ExtendedProperty>"


def read_extended(element: etree._Element) -> Extended:
    """From an ExtendedFieldURI."""
    attributes = tuple((str(name), str(value)) for name, value in element.attrib.items())
    given = dict(attributes)
    if "PropertyTag" in given:
        return Extended(f"{int(given['PropertyTag'], 0):#06x}", attributes)
    known_set = given.get("DistinguishedPropertySetId", "").lower()
    number = f"{int(given['PropertyId']):#06x}" if "PropertyId" in given else given.get("PropertyName", "")
    return Extended(
        f"{_SETS.get(known_set) or known_set or given.get('PropertySetId', '').lower()}/{number}", attributes
    )
