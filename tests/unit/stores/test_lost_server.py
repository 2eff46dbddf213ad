"""A PostgreSQL server that is lost in the middle of a run: the phone book is as before or as after, what is said is
true, and the next run completes it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from selectors import EVENT_READ, DefaultSelector

import pytest

from pbx_connector.errors import StoreError
from pbx_connector.model import Account, Book, Mapped, Row, RunStatus
from pbx_connector.plan import Content
from pbx_connector.profile import Profile
from pbx_connector.run import run_profile
from pbx_connector.source import Source, SourceContext
from pbx_connector.stores import RunKind, Store, open_store
from pbx_connector.stores.sql.dialects import postgres
from pbx_connector.stores.sql.store import SqlStore
from pbx_connector.testing import MemorySource
from pbx_connector.testing.memory_source import MemorySettings

ROWS = 1200
"""More than one batch, so that some of them are staged before the server goes."""


@pytest.fixture
def source() -> MemorySource:
    source = MemorySource()
    book = source.add("public")
    for number in range(ROWS):
        book.put(f"k{number:05}", display_name=f"Name {number}", phone=f"+4999{number}")
    return source


def changed(source: MemorySource, profile: Profile) -> Profile:
    """The profile after some of the rows have changed."""
    for number in range(0, ROWS, 100):
        source.address_books["public"].put(f"k{number:05}", display_name=f"Other {number}")
    source.address_books["public"].put("new", display_name="New")
    return profile


def contents(store: Store) -> list[tuple[int, Content]]:
    return [(entry.id, entry.content) for entry in store.entries()]


# --- the server restarts -------------------------------------------------------------------------------------------


def while_reading(profile: Profile, act: Callable[[], None]) -> Profile:
    def mapped(row: Row, book: Book) -> Mapped:
        if row.key == f"k{ROWS - 100:05}":
            act()
        return profile.map(row, book)

    return replace(profile, map=mapped, fingerprint="f2")


def once_read(profile: Profile, act: Callable[[], None]) -> Profile:
    @contextmanager
    def opened(settings: MemorySettings, context: SourceContext) -> Iterator[Source]:
        with profile.source.open(settings, context) as source:
            yield source
        act()

    return replace(profile, source=replace(profile.source, open=opened))


@pytest.mark.parametrize("moment", [while_reading, once_read])
def test_a_server_that_restarts_in_the_middle_of_a_run_costs_that_run_and_nothing_else(
    source: MemorySource,
    profile: Profile,
    control_postgres: Callable[[str], None],
    postgres_url: str,
    moment: Callable[..., Profile],
) -> None:
    with open_store(postgres_url) as store:
        run_profile(profile, store)
        before = contents(store)
        changed(source, profile)
        with pytest.raises(StoreError, match="the connection to the server broke") as caught:
            run_profile(moment(profile, lambda: control_postgres("restart")), store)
        assert (caught.value.exit_code, "pbx-connector history" in caught.value.hint) == (4, True)
        assert contents(store) == before
        failed = next(store.runs())
        assert (failed.report.status, failed.note) == (RunStatus.FAILED, caught.value.message)
        report = run_profile(profile, store)
        assert (report.counts.added, report.counts.updated, report.counts.removed) == (1, ROWS // 100, 0)


def test_a_server_that_stays_lost_is_named_and_the_next_run_does_it_all(
    source: MemorySource, profile: Profile, control_postgres: Callable[[str], None], postgres_url: str
) -> None:
    with open_store(postgres_url) as store:
        run_profile(profile, store)
        before = contents(store)
        changed(source, profile)
        try:
            with pytest.raises(StoreError, match="the connection to the server broke"):
                run_profile(once_read(profile, lambda: control_postgres("stop")), store)
            with pytest.raises(StoreError, match="cannot be reached"):
                contents(store)
        finally:
            control_postgres("restart")
        assert contents(store) == before


# --- the program stands still --------------------------------------------------------------------------------------


def test_whoever_stands_still_while_writing_locks_the_phone_book_for_a_while_only(
    profile: Profile, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(postgres_url) as stopped, open_store(postgres_url) as other:
        assert isinstance(stopped, SqlStore)
        run_profile(profile, stopped)

        def stand_still() -> None:
            with monkeypatch.context() as patch:
                patch.setattr(postgres, "STANDSTILL", 3.0)
                with stopped.changeset(RunKind.ACCOUNTS, "") as changes:
                    patch.undo()
                    changes.put_account(Account("ann", "Ann"))
                    other.add_account(Account("bob", "Bob"))

        with pytest.raises(StoreError, match="stood still for too long") as caught:
            stand_still()
        assert (caught.value.exit_code, caught.value.hint) == (4, "nothing was changed; run again")
        assert [account.id for account in stopped.accounts()] == ["bob"]
        assert run_profile(profile, stopped).status is RunStatus.DONE


# --- the connection breaks at the commit ---------------------------------------------------------------------------


@dataclass
class Middleman:
    """Passes on what client and server say, until the client saves a run: then it hangs up.

    With `too_late` the server has had the last word by then, and the client does not hear it.
    """

    server: str
    too_late: bool
    armed: bool = False
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @contextmanager
    def listening(self) -> Iterator[str]:
        threading.Thread(target=self._accept, daemon=True).start()
        port = self.listener.getsockname()[1]
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable&gssencmode=disable"
        finally:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        saving = False
        with suppress(OSError), client, socket.socket(socket.AF_UNIX) as server, DefaultSelector() as both:
            server.connect(self.server)
            for one in (client, server):
                both.register(one, EVENT_READ, one)
            while True:
                speaker: socket.socket = both.select()[0][0].data
                said = speaker.recv(65536)
                if not said:
                    return
                saving = saving or b"INSERT INTO journal" in said
                if self.armed and saving and b"COMMIT" in said:
                    self._hang_up(said, server)
                    return
                (server if speaker is client else client).sendall(said)

    def _hang_up(self, said: bytes, server: socket.socket) -> None:
        self.armed = False
        if self.too_late:
            server.sendall(said)
            server.recv(65536)


@pytest.mark.parametrize("too_late", [False, True])
def test_a_connection_that_breaks_at_the_commit_leaves_all_or_nothing(
    source: MemorySource, profile: Profile, postgres_socket: str, postgres_url: str, too_late: bool
) -> None:
    middleman = Middleman(postgres_socket, too_late)
    with middleman.listening() as url, open_store(url) as store:
        run_profile(profile, store)
        before = contents(store)
        changed(source, profile)
        middleman.armed = True
        with pytest.raises(StoreError, match="all of them are, or none") as caught:
            run_profile(profile, store)
        assert not middleman.armed
        assert (caught.value.exit_code, "pbx-connector history" in caught.value.hint) == (4, True)
        assert (contents(store) == before) is not too_late
        last = next(store.runs())
        assert (last.report.status, last.id) == (RunStatus.DONE if too_late else RunStatus.FAILED, "2")
        assert len(list(store.changes(last.id))) == (1 + ROWS // 100 if too_late else 0)
        report = run_profile(profile, store)
        assert (report.counts.added, report.counts.updated) == ((0, 0) if too_late else (1, ROWS // 100))


@pytest.mark.parametrize("too_late", [False, True])
def test_an_undo_that_loses_its_connection_at_the_commit_is_made_or_not(
    profile: Profile, postgres_socket: str, postgres_url: str, too_late: bool
) -> None:
    middleman = Middleman(postgres_socket, too_late)
    with middleman.listening() as url, open_store(url) as store:
        report = run_profile(profile, store)
        middleman.armed = True
        with pytest.raises(StoreError, match="all of them are, or none"):
            store.undo(report.run)
        assert store.count_entries() == (0 if too_late else ROWS)
        assert (store.run(report.run).undone_by is not None) is too_late
