"""Users of the administrator's pages, their sessions, and the audit."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from pbx_connector.errors import UsageError
from pbx_connector.stores import AuditFilter, AuditRecord, Role, Store, User, WebSession, open_store
from pbx_connector.stores.sql.schema.migrating import bring_up_to_date
from pbx_connector.stores.sql.store import SqlStore

from .conftest import set_clock

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ANN = User("ann", Role.ADMIN, "$argon2id$ann")
BOB = User("bob", Role.READER, None, "https://login.example.org 4711", personal=True)


def put(store: Store, *users: User) -> None:
    store.change_users(lambda held: {**held, **{user.name: user for user in users}})


def remove(store: Store, name: str) -> None:
    store.change_users(lambda held: {other: user for other, user in held.items() if other != name})


def session(digest: str, user: str = "ann", minutes: int = 0) -> WebSession:
    return WebSession(
        digest, user, NOON, NOON + timedelta(minutes=minutes), NOON + timedelta(hours=12), "192.0.2.7", "id-token"
    )


def begin(store: Store, digest: str, user: User = ANN, minutes: int = 0, most: int = 9) -> bool:
    return store.begin_session(session(digest, user.name, minutes), user, most)


def test_a_user_is_kept_as_he_was_put(store: Store) -> None:
    put(store, BOB, ANN)
    held = store.users()
    assert [replace(user, made=None) for user in held] == [ANN, BOB]
    assert all(user.made for user in held)
    assert store.user("bob") == held[1]
    assert "argon2" not in repr(held)
    for unknown in ("", "Ann", "\0", "\udcff"):
        assert store.user(unknown) is None


def test_a_change_leaves_when_he_was_made_and_logged_in(store: Store) -> None:
    put(store, ANN, BOB)
    begin(store, "d1")
    before = store.user("ann")
    assert before
    put(store, replace(before, personal=True, made=NOON, last_login=None))
    assert store.user("ann") == replace(before, personal=True, last_login=NOON)
    assert store.session("d1")
    remove(store, "ann")
    assert [user.name for user in store.users()] == ["bob"]


def test_a_change_that_is_refused_changes_nothing(store: Store) -> None:
    put(store, ANN)
    begin(store, "d1")

    def refuse(held: Mapping[str, User]) -> Mapping[str, User]:
        raise UsageError("no")

    with pytest.raises(UsageError, match="no"):
        store.change_users(refuse)
    assert [user.name for user in store.users()] == ["ann"]
    for wrong in (User("a\0b", Role.READER), User("c", Role.READER, "\udcff"), User("d", Role.READER, subject="\0")):
        with pytest.raises(UsageError, match="characters that no phone book can hold"):
            put(store, replace(ANN, role=Role.READER), wrong)
    assert replace(store.users()[0], made=None, last_login=None) == ANN
    assert store.session("d1")


def test_of_many_changes_at_once_none_is_lost(store: Store, store_url: str) -> None:
    """In each one's own process, but for a phone book that has only one."""
    put(store, ANN)

    def add(number: int) -> None:
        if store_url == "memory:":
            put(store, User(f"u{number}", Role.EDITOR))
        else:
            with open_store(store_url, patience=60) as other:
                put(other, User(f"u{number}", Role.EDITOR))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(12)))
    assert len(store.users()) == 13


def test_what_decides_is_what_stands_there_as_it_is_changed(store: Store) -> None:
    put(store, ANN, replace(ANN, name="bea"))

    def one_admin_less(name: str) -> bool:
        def change(held: Mapping[str, User]) -> Mapping[str, User]:
            if sum(user.role is Role.ADMIN for user in held.values()) < 2:
                raise UsageError("the last one")
            return {**held, name: replace(held[name], role=Role.READER)}

        try:
            store.change_users(change)
        except UsageError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one_admin_less, ("ann", "bea"))) == [False, True]


@pytest.mark.parametrize(
    "changed",
    [
        replace(ANN, role=Role.EDITOR),
        replace(ANN, password="$argon2id$new"),
        replace(ANN, disabled=True),
        replace(ANN, subject="https://login.example.org 1"),
        None,
    ],
    ids=["role", "password", "disabled", "subject", "removed"],
)
def test_sessions_end_with_what_they_were_begun_with(store: Store, changed: User | None) -> None:
    put(store, ANN, BOB)
    begin(store, "d1")
    begin(store, "d2", BOB)
    if changed:
        put(store, changed)
    else:
        remove(store, "ann")
    assert [held.digest for held in store.sessions()] == ["d2"]
    assert not begin(store, "d3")
    assert store.sessions("ann") == []


def test_a_session_is_kept_until_it_ends(store: Store) -> None:
    put(store, ANN)
    assert begin(store, "d1")
    assert store.session("d1") == session("d1")
    assert "id-token" not in repr(store.session("d1"))
    store.note_session("d1", NOON + timedelta(minutes=5))
    assert store.session("d1") == session("d1", minutes=5)
    assert store.end_session("d1")
    assert not store.end_session("d1")
    store.note_session("d1", NOON)
    assert store.session("d1") is None
    assert store.session("\0") is None


def test_of_too_many_sessions_those_end_that_were_seen_longest_ago(store: Store) -> None:
    put(store, ANN, BOB)
    begin(store, "b", BOB)
    for number in range(5):
        begin(store, f"d{number}", minutes=number, most=3)
    assert [held.digest for held in store.sessions("ann")] == ["d4", "d3", "d2"]
    assert [held.digest for held in store.sessions()] == ["d4", "d3", "d2", "b"]


def test_of_two_log_outs_at_once_one_ends_the_session(store: Store) -> None:
    put(store, ANN)
    begin(store, "d1")
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(store.end_session, ["d1"] * 4)) == [False, False, False, True]


def test_the_audit_is_paged_from_the_newest(store: Store) -> None:
    for number in range(7):
        store.note_audit(AuditRecord("ann", "192.0.2.7", "run", f"p{number}", {"plan": "3"}, str(number)))
    first = store.audit(limit=3)
    assert [(record.target, record.run) for record in first] == [("p6", "6"), ("p5", "5"), ("p4", "4")]
    assert [record.target for record in store.audit(before=first[-1].id, limit=3)] == ["p3", "p2", "p1"]
    assert [record.target for record in store.audit(before=2)] == ["p0"]
    [oldest] = store.audit(before=2)
    assert oldest == AuditRecord("ann", "192.0.2.7", "run", "p0", {"plan": "3"}, "0", 1, oldest.time)
    assert oldest.time
    assert store.audit(before=1) == []
    assert list(store.runs()) == []
    assert store.revision() == "0"


def test_the_audit_is_looked_through(store: Store) -> None:
    store.note_audit(AuditRecord("ann", "192.0.2.7", "run"))
    store.note_audit(AuditRecord("bob", "192.0.2.8", "run"))
    store.note_audit(AuditRecord("ann", "192.0.2.8", "undo"))

    def found(wanted: AuditFilter) -> list[int]:
        return [record.id for record in store.audit(wanted)]

    assert found(AuditFilter()) == [3, 2, 1]
    assert found(AuditFilter(user="ann")) == [3, 1]
    assert found(AuditFilter(action="run")) == [2, 1]
    assert found(AuditFilter(user="ann", action="run")) == [1]
    assert found(AuditFilter(address="192.0.2.8")) == [3, 2]
    first, last = store.audit()[-1].time, store.audit()[0].time
    assert first
    assert last
    second = timedelta(seconds=1)
    assert found(AuditFilter(since=first - second, until=last + second)) == [3, 2, 1]
    assert found(AuditFilter(since=last + second)) == []
    assert found(AuditFilter(until=first - second)) == []


def test_a_store_of_an_earlier_version_has_users_once_it_is_up_to_date(store: Store) -> None:
    if not isinstance(store, SqlStore):
        pytest.skip("a phone book in memory is of no older version")
    with store._database.write() as connection:
        for table in ("web_user", "web_session", "audit"):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0010'"))
    bring_up_to_date(store._database)
    put(store, ANN)
    assert begin(store, "d1")
    store.note_audit(AuditRecord("ann", "", "run"))
    assert (len(store.users()), len(store.sessions()), len(store.audit())) == (1, 1, 1)


def test_hostile_texts_are_kept_or_refused(store: Store) -> None:
    hostile = "'; DROP TABLE audit; --\u202e{{7*7}}<script>"
    store.note_audit(AuditRecord(hostile, hostile, hostile, hostile, {hostile: "\0\udcff"}))
    [record] = store.audit(AuditFilter(user=hostile, action=hostile, address=hostile))
    assert (record.target, record.detail) == (hostile, {hostile: "\0\udcff"})
    for wrong in (AuditRecord("\0", "", "run"), AuditRecord("", "", "run", "\udcff"), AuditRecord("", "", "\0")):
        with pytest.raises(UsageError, match="characters that no phone book can hold"):
            store.note_audit(wrong)
    with pytest.raises(UsageError, match="is no run"):
        store.note_audit(AuditRecord("", "", "run", run="x"))
    assert len(store.audit()) == 1


def test_each_of_many_records_at_once_has_its_own_id(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: store.note_audit(AuditRecord(f"u{number}", "", "run")), range(20)))
    assert [record.id for record in store.audit()] == list(range(20, 0, -1))


def test_the_audit_is_kept_as_long_as_the_history(store: Store) -> None:
    put(store, ANN)
    now = datetime.now(UTC)
    for digest, days in (("old", -1), ("new", 1)):
        over = replace(session(digest), expires=now + timedelta(days=days))
        store.begin_session(over, ANN, 9)
    store.note_audit(AuditRecord("ann", "", "run", "old"))
    set_clock(store, timedelta(days=4))
    store.note_audit(AuditRecord("ann", "", "run", "new"))
    store.prune(timedelta(days=5))
    assert [record.target for record in store.audit()] == ["new", "old"]
    store.prune(timedelta(days=3))
    assert [record.target for record in store.audit()] == ["new"]
    assert [held.digest for held in store.sessions()] == ["new"]
