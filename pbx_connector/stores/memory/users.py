"""Users, their sessions and the audit, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

from pbx_connector.stores.checking import check_record, checked_text
from pbx_connector.stores.memory.state import State, StateHolder
from pbx_connector.stores.users import AuditFilter, AuditRecord, User, UserChange, WebSession


class MemoryUsers(StateHolder):
    """A part of the store."""

    def users(self) -> list[User]:
        return [user for _, user in sorted(self._state.users.items())]

    def user(self, name: str) -> User | None:
        return self._state.users.get(name)

    def change_users(self, change: UserChange) -> None:
        with self._write() as state:
            before = dict(sorted(state.users.items()))
            state.users = {name: _kept(user, before.get(name)) for name, user in change(before).items()}
            ended = {name for name, user in before.items() if not _is_same(user, state.users)}
            state.sessions = {key: held for key, held in state.sessions.items() if held.user not in ended}

    def begin_session(self, session: WebSession, user: User, most: int) -> bool:
        with self._write() as state:
            held = state.users.get(user.name)
            if held is None or held.login != user.login:
                return False
            state.users[user.name] = replace(held, last_login=session.made)
            state.sessions[session.digest] = session
            own = [key for key, each in sorted(state.sessions.items(), key=_seen) if each.user == user.name]
            for key in own[most:]:
                del state.sessions[key]
            return True

    def session(self, digest: str) -> WebSession | None:
        return self._state.sessions.get(digest)

    def sessions(self, user: str | None = None) -> list[WebSession]:
        return [held for _, held in sorted(self._state.sessions.items(), key=_seen) if user in (None, held.user)]

    def note_session(self, digest: str, seen: datetime) -> None:
        with self._write() as state:
            if held := state.sessions.get(digest):
                state.sessions[digest] = replace(held, seen=seen)

    def end_session(self, digest: str) -> bool:
        with self._write() as state:
            return state.sessions.pop(digest, None) is not None

    def note_audit(self, record: AuditRecord) -> None:
        check_record(record)
        with self._write() as state:
            number = state.take("audit") + 1
            state.audit[number] = replace(record, id=number, time=datetime.now(UTC))

    def audit(
        self, wanted: AuditFilter | None = None, *, before: int | None = None, limit: int | None = None
    ) -> list[AuditRecord]:
        found = (record for _, record in sorted(self._state.audit.items(), reverse=True))
        below = (record for record in found if before is None or record.id < before)
        return list(islice((record for record in below if _fits(record, wanted or AuditFilter())), limit))


def prune(state: State, before: float, now: float) -> None:
    """Drop what was done before one moment, and sessions that ended before another."""
    state.audit = {no: each for no, each in state.audit.items() if each.time and each.time.timestamp() >= before}
    state.sessions = {key: each for key, each in state.sessions.items() if each.expires.timestamp() >= now}


def _seen(item: tuple[str, WebSession]) -> tuple[float, str]:
    digest, session = item
    return -session.seen.timestamp(), digest


def _kept(user: User, held: User | None) -> User:
    checked_text("".join((user.name, user.password or "", user.subject or "")))
    if held is None:
        return replace(user, made=datetime.now(UTC), last_login=None)
    return replace(user, made=held.made, last_login=held.last_login)


def _is_same(user: User, after: Mapping[str, User]) -> bool:
    return user.name in after and after[user.name].login == user.login


def _fits(record: AuditRecord, wanted: AuditFilter) -> bool:
    said = (wanted.user, record.user), (wanted.action, record.action), (wanted.address, record.address)
    if any(value not in (None, held) for value, held in said):
        return False
    time = record.time
    return bool(time and (not wanted.since or time >= wanted.since) and (not wanted.until or time < wanted.until))
