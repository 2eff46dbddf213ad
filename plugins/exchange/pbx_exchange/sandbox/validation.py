"""Holds every request and answer against Microsoft's schema, for tests: nothing that the sandbox says may break it.

The schema is not ours to ship; where its folder is at hand, `Sandbox.start(validate=FOLDER)` collects violations.
"""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path

from lxml import etree

from pbx_exchange.sandbox.soap import NS, SOAP


@cache
def _load(folder: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(folder / "messages.xsd"))


class Validator:
    """Collects what breaks the schema in `violations`, each with its direction and operation."""

    def __init__(self, folder: Path) -> None:
        self._schema = _load(folder)
        self._lock = threading.Lock()
        self.violations: list[str] = []
        self.checked = 0

    def check(self, direction: str, operation: str, data: bytes) -> None:
        with self._lock:
            self._check(direction, operation, data)

    def _check(self, direction: str, operation: str, data: bytes) -> None:
        self.checked += 1
        try:
            envelope = etree.fromstring(data)
        except etree.XMLSyntaxError as error:
            self.violations.append(f"{operation} {direction}: {error}")
            return
        for part in envelope.iterfind("s:Body/*", NS):
            if etree.QName(part).namespace != SOAP and not self._schema.validate(part):
                found = "; ".join(str(entry.message) for entry in self._schema.error_log)
                self.violations.append(f"{operation} {direction}: {found}")
