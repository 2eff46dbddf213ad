"""Users, their sessions and the audit, in tables of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from pbx_connector.plan import storable
from pbx_connector.stores.checking import check_record, checked_text
from pbx_connector.stores.sql.counters import take
from pbx_connector.stores.sql.dialects.database import Database, Dialect
from pbx_connector.stores.sql.schema.tables import audit, web_session, web_user
from pbx_connector.stores.users import AuditFilter, AuditRecord, Role, User, UserChange, WebSession

SEEN_LAST = (web_session.c.seen.desc(), web_session.c.digest)


class DatabaseHost(Protocol):
    @property
    def _database(self) -> Database: ...


class SqlUsers:
    """A mixin for the store."""

    def users(self: DatabaseHost) -> list[User]:
        with self._database.read() as connection:
            return _users(connection)

    def user(self: DatabaseHost, name: str) -> User | None:
        if not storable(name):
            return None
        with self._database.read() as connection:
            return _user(connection, name)

    def change_users(self: DatabaseHost, change: UserChange) -> None:
        with self._database.write() as connection:
            before = {user.name: user for user in _users(connection)}
            _exchange(connection, self._database.dialect, before, change(before))

    def begin_session(self: DatabaseHost, session: WebSession, user: User, most: int) -> bool:
        with self._database.write() as connection:
            held = _user(connection, user.name)
            if held is None or held.login != user.login:
                return False
            this = web_user.c.name == user.name
            connection.execute(update(web_user).where(this).values(last_login=session.made.timestamp()))
            connection.execute(insert(web_session).values(**_session_values(session)))
            own = select(web_session.c.digest).where(web_session.c.user == user.name).order_by(*SEEN_LAST)
            for digest in connection.execute(own).scalars().all()[most:]:
                connection.execute(delete(web_session).where(web_session.c.digest == digest))
            return True

    def session(self: DatabaseHost, digest: str) -> WebSession | None:
        if not storable(digest):
            return None
        with self._database.read() as connection:
            row = connection.execute(select(web_session).where(web_session.c.digest == digest)).first()
            return _to_session(row) if row else None

    def sessions(self: DatabaseHost, user: str | None = None) -> list[WebSession]:
        query = select(web_session).order_by(*SEEN_LAST)
        if user is not None:
            query = query.where(web_session.c.user == checked_text(user))
        with self._database.read() as connection:
            return list(map(_to_session, connection.execute(query)))

    def note_session(self: DatabaseHost, digest: str, seen: datetime) -> None:
        this = web_session.c.digest == checked_text(digest)
        with self._database.write() as connection:
            connection.execute(update(web_session).where(this).values(seen=seen.timestamp()))

    def end_session(self: DatabaseHost, digest: str) -> bool:
        this = web_session.c.digest == checked_text(digest)
        with self._database.write() as connection:
            return bool(connection.execute(delete(web_session).where(this)).rowcount)

    def note_audit(self: DatabaseHost, record: AuditRecord) -> None:
        check_record(record)
        values = {
            "user": record.user,
            "address": record.address,
            "action": record.action,
            "target": record.target,
            "detail": json.dumps(dict(record.detail)) if record.detail else "",
            "run": int(record.run) if record.run else None,
        }
        with self._database.write() as connection:
            number, now = take(connection, "audit") + 1, self._database.dialect.now()
            connection.execute(insert(audit).values(no=number, time=now, **values))

    def audit(
        self: DatabaseHost, wanted: AuditFilter | None = None, *, before: int | None = None, limit: int | None = None
    ) -> list[AuditRecord]:
        query = select(audit).where(*_conditions(wanted or AuditFilter())).order_by(audit.c.no.desc()).limit(limit)
        if before is not None:
            query = query.where(audit.c.no < before)
        with self._database.read() as connection:
            return list(map(_to_record, connection.execute(query)))


def prune(connection: Connection, before: float, now: float) -> None:
    """Drop what was done before one moment, and sessions that ended before another."""
    connection.execute(delete(audit).where(audit.c.time < before))
    connection.execute(delete(web_session).where(web_session.c.expires < now))


def _users(connection: Connection) -> list[User]:
    return list(map(_to_user, connection.execute(select(web_user).order_by(web_user.c.name))))


def _user(connection: Connection, name: str) -> User | None:
    row = connection.execute(select(web_user).where(web_user.c.name == name)).first()
    return _to_user(row) if row else None


def _exchange(connection: Connection, dialect: Dialect, before: Mapping[str, User], after: Mapping[str, User]) -> None:
    for name, user in before.items():
        if name not in after:
            connection.execute(delete(web_user).where(web_user.c.name == name))
        if name not in after or after[name].login != user.login:
            connection.execute(delete(web_session).where(web_session.c.user == name))
    for name, user in after.items():
        if name not in before:
            connection.execute(insert(web_user).values(name=checked_text(name), made=dialect.now(), **_values(user)))
        elif user != before[name]:
            connection.execute(update(web_user).where(web_user.c.name == name).values(**_values(user)))


def _values(user: User) -> dict[str, Any]:
    return {
        "role": str(user.role),
        "password": user.password and checked_text(user.password),
        "subject": user.subject and checked_text(user.subject),
        "personal": user.personal,
        "disabled": user.disabled,
    }


def _session_values(session: WebSession) -> dict[str, Any]:
    return {
        "digest": session.digest,
        "user": session.user,
        "made": session.made.timestamp(),
        "seen": session.seen.timestamp(),
        "expires": session.expires.timestamp(),
        "address": session.address,
        "provider": session.provider,
    }


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    said = {audit.c.user: wanted.user, audit.c.action: wanted.action, audit.c.address: wanted.address}
    found: list[ColumnElement[bool]] = [
        column == checked_text(value) for column, value in said.items() if value is not None
    ]
    if wanted.since:
        found.append(audit.c.time >= wanted.since.timestamp())
    if wanted.until:
        found.append(audit.c.time < wanted.until.timestamp())
    return found


def _moment(time: float | None) -> datetime | None:
    return None if time is None else datetime.fromtimestamp(time, UTC)


def _to_user(row: Any) -> User:
    made, last_login = _moment(row.made), _moment(row.last_login)
    return User(row.name, Role(row.role), row.password, row.subject, row.personal, row.disabled, made, last_login)


def _to_session(row: Any) -> WebSession:
    made, seen, expires = (datetime.fromtimestamp(time, UTC) for time in (row.made, row.seen, row.expires))
    return WebSession(row.digest, row.user, made, seen, expires, row.address, row.provider)


def _to_record(row: Any) -> AuditRecord:
    detail = json.loads(row.detail) if row.detail else {}
    run = None if row.run is None else str(row.run)
    return AuditRecord(row.user, row.address, row.action, row.target, detail, run, row.no, _moment(row.time))
