"""The devices that may ask the directory, in a table of their own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from pbx_connector.stores.devices import Device, Sighting
from pbx_connector.stores.sql.dialects.database import Dialect
from pbx_connector.stores.sql.schema.tables import device


def read(connection: Connection) -> list[Device]:
    return list(map(_to_device, connection.execute(select(device).order_by(device.c.id))))


def find(connection: Connection, wanted: str) -> Device | None:
    row = connection.execute(select(device).where(device.c.id == wanted)).first()
    return _to_device(row) if row else None


def put(connection: Connection, dialect: Dialect, wanted: Device) -> None:
    values = {
        "name": wanted.name,
        "account": wanted.account,
        "options": json.dumps(dict(wanted.options)),
        "verifiers": json.dumps(dict(wanted.verifiers)),
    }
    changed = connection.execute(update(device).where(device.c.id == wanted.id).values(**values)).rowcount
    if not changed:
        connection.execute(insert(device).values(id=wanted.id, made=dialect.now(), seen_from="", seen_as="", **values))


def remove(connection: Connection, wanted: str) -> bool:
    return bool(connection.execute(delete(device).where(device.c.id == wanted)).rowcount)


def note_seen(connection: Connection, sightings: Sequence[Sighting]) -> None:
    for sighting in sightings:
        values = {"seen": sighting.time.timestamp(), "seen_from": sighting.address, "seen_as": sighting.agent}
        connection.execute(update(device).where(device.c.id == sighting.device).values(**values))


def _to_device(row: Any) -> Device:
    seen = None
    if row.seen is not None:
        seen = Sighting(row.id, datetime.fromtimestamp(row.seen, UTC), row.seen_from, row.seen_as)
    made = datetime.fromtimestamp(row.made, UTC)
    options, verifiers = json.loads(row.options), json.loads(row.verifiers)
    return Device(row.id, row.name, row.account, options, verifiers, made, seen)
