"""What was published for a tenant: numbered versions, which never change, and the one of them that counts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_new

from pbx_connector.errors import ConnectorError, PublishedMeanwhile, UsageError
from pbx_connector.tenants import schedules
from pbx_connector.tenants.control import ControlDatabase
from pbx_connector.tenants.published import FileSet
from pbx_connector.tenants.registry import Tenant, TenantState, required
from pbx_connector.tenants.schedules import PublishedProfile
from pbx_connector.tenants.tables import blob, tenant, version, version_file

JITTER = timedelta(minutes=5)
"""How much later than their schedules say the runs of many tenants may start, so that not all start at once."""


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """The files of a tenant at one moment; it never changes."""

    tenant: str
    number: int
    who: str
    made: float
    digest: str
    note: str
    findings: tuple[str, ...]
    """Warnings of its check, in a line each."""


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What was checked and is to be published."""

    tree: FileSet
    profiles: Sequence[PublishedProfile]
    findings: Sequence[str]
    who: str
    note: str = ""


def versions(control: ControlDatabase, id: str) -> list[PublishedVersion]:
    """The latest first. Raises `UsageError`."""
    with control.read() as connection:
        required(connection, id)
        query = select(version).where(version.c.tenant == id).order_by(version.c.number.desc())
        return [_version(row) for row in connection.execute(query)]


def digests(connection: Connection, id: str, number: int) -> dict[str, str]:
    """Of the files of a version, by path; none for a version that is not there."""
    of_version = (version_file.c.tenant == id) & (version_file.c.number == number)
    query = select(version_file.c.path, version_file.c.digest).where(of_version).order_by(version_file.c.path)
    return dict(connection.execute(query).all())


def contents(control: ControlDatabase, id: str, number: int) -> FileSet:
    """The files of a version. Raises `UsageError`, and `ConnectorError` for a version that is not as it was."""
    of_version = (version_file.c.tenant == id) & (version_file.c.number == number)
    of_file = (blob.c.tenant == version_file.c.tenant) & (blob.c.digest == version_file.c.digest)
    query = select(version_file.c.path, blob.c.content).join(blob, of_file).where(of_version)
    with control.read() as connection:
        known = one(connection, id, number)
        tree = FileSet({path: bytes(content) for path, content in connection.execute(query)})
    if tree.digest != known.digest:
        raise ConnectorError(
            f"version {number} of tenant {id} is not what was published: its digest differs",
            hint="publish the folder again, and restore the control database from a backup",
        )
    return tree


def one(connection: Connection, id: str, number: int) -> PublishedVersion:
    """Raises `UsageError`."""
    query = select(version).where(version.c.tenant == id, version.c.number == number)
    row = connection.execute(query).first()
    if row is None:
        raise UsageError(f"tenant {id} has no version {number}", hint=f"see: pbx-connector tenants versions {id}")
    return _version(row)


def before(connection: Connection, id: str, number: int) -> int:
    """The last version before that one; 0 for none."""
    query = select(func.coalesce(func.max(version.c.number), 0))
    return int(connection.execute(query.where(version.c.tenant == id, version.c.number < number)).scalar_one())


def publish(control: ControlDatabase, id: str, new: NewVersion, *, base: int) -> PublishedVersion:
    """The next version, which counts from now on; whole, or not at all.

    `base` is the version that it was compared with: raises `PublishedMeanwhile` if another one counts by now. Raises
    `UsageError` for a tenant that is being removed.
    """
    with control.write() as connection:
        found = required(connection, id, lock=True)
        _require_publishable(found, base)
        now = control.now(connection)
        made = _insert(connection, found, new, now)
        connection.execute(update(tenant).where(tenant.c.id == id).values(published=made.number, changed=now))
        schedules.replace(connection, id, made.number, new.profiles, now, JITTER)
        return made


def _require_publishable(found: Tenant, base: int) -> None:
    if found.state is TenantState.REMOVING:
        raise UsageError(f"tenant {found.id} is being removed", hint="nothing can be published for it")
    if found.published != base:
        raise PublishedMeanwhile(
            f"version {found.published} of tenant {found.id} was published meanwhile",
            hint=f"see: pbx-connector tenants versions {found.id}; then publish again",
        )


def _insert(connection: Connection, found: Tenant, new: NewVersion, now: float) -> PublishedVersion:
    latest = select(func.coalesce(func.max(version.c.number), 0)).where(version.c.tenant == found.id)
    number = connection.execute(latest).scalar_one() + 1
    made = PublishedVersion(found.id, number, new.who, now, new.tree.digest, new.note, tuple(new.findings))
    values = {name: getattr(made, name) for name in ("tenant", "number", "who", "made", "digest", "note")}
    connection.execute(insert(version).values(**values, findings=json.dumps(made.findings)))
    _insert_files(connection, found.id, number, new.tree)
    return made


def _insert_files(connection: Connection, id: str, number: int, tree: FileSet) -> None:
    named = tree.digests
    blobs = {named[path]: content for path, content in tree.contents.items()}
    rows: list[Mapping[str, Any]] = [{"tenant": id, "digest": key, "content": blobs[key]} for key in sorted(blobs)]
    connection.execute(insert_new(blob).on_conflict_do_nothing(), rows)
    files = [{"tenant": id, "number": number, "path": path, "digest": of} for path, of in named.items()]
    connection.execute(insert(version_file), files)


def _version(row: Row[Any]) -> PublishedVersion:
    values = row._asdict()
    return PublishedVersion(**values | {"findings": tuple(json.loads(values["findings"]))})
