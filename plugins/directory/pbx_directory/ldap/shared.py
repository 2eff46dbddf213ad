"""What the connections of an LDAP server have in common: threads, bounds, and who is there."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from pbx_connector.api import Tls
from pbx_directory.devices import telephone
from pbx_directory.lanes import Lanes, Threads
from pbx_directory.ldap.cursors import CursorBudget
from pbx_directory.ldap.limits import Limits
from pbx_directory.ldap.session import Directory
from pbx_directory.systems import ServedSystem, Systems

if TYPE_CHECKING:
    from pbx_directory.ldap.connection import Connection


class Shared:
    """What all connections of a server have in common."""

    def __init__(self, systems: Systems, tls: Tls | None, limits: Limits) -> None:
        self.systems = systems
        self.tls = tls
        self.limits = limits
        self.lanes = Lanes(systems.widths.ldap, "directory ldap")
        self.renewing = Threads(1, "directory certificate")
        self.connections: set[Connection] = set()
        self.by_address: Counter[str] = Counter()
        self.waiting = 0
        """Requests that are answered or wait to be; not those whose clients have not yet taken what there is."""
        self._budget = CursorBudget(limits.cursor_ids)
        if tls is not None:
            tls.context.sni_callback = _note_name

    def directory(self, system: ServedSystem) -> Directory:
        return Directory(
            system.book,
            system.gate,
            dial_form=lambda device: telephone(device, system.settings).form,
            limits=replace(self.limits, entries=min(self.limits.entries, system.settings.entries)),
            has_start_tls=self.tls is not None,
            phone_system=system.id,
            budget=self._budget,
        )

    def close(self) -> None:
        self.lanes.close()
        self.renewing.close()


_NAME = "name_of_server"


def _note_name(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
    """In the handshake. Python keeps it nowhere."""
    setattr(connection, _NAME, name or "")


def server_name(secured: asyncio.BaseTransport) -> str:
    """What the client took the server for, in TLS; empty if it did not say."""
    return getattr(secured.get_extra_info("ssl_object"), _NAME, "")
