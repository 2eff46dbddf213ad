"""Keeps tenants due, and counts what must not be: lost runs and half ones.

A tenant wants its next generation of rows only when its phone book has the one before and nothing of it is on its way:
no later run makes up for one that was lost. Each look is one snapshot of all phone books, jobs and schedules.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any, LiteralString

import psycopg
from psycopg import IsolationLevel, sql

ROWS = 4
"""Of each generation."""
FAR = 3600.0
"""Seconds; what is due so late is not about to be run."""

_TABLE = """
CREATE TABLE public.wanted (tenant text PRIMARY KEY, generation int);
GRANT SELECT ON public.wanted TO public
"""
_WANTED: LiteralString = """
SELECT wanted.tenant, generation,
  EXISTS (SELECT 1 FROM pbx_engine.procrastinate_jobs WHERE lock = wanted.tenant AND status IN ('todo', 'doing')),
  next_at < extract(epoch FROM clock_timestamp()) + %s
FROM public.wanted JOIN pbx_control.schedule ON schedule.tenant = wanted.tenant
"""
_BOOK: LiteralString = """
SELECT {id}, array_agg(number ORDER BY number), array_agg(DISTINCT generation) FROM {entry},
  LATERAL (SELECT split_part(display_name, ' ', 2)::int AS number, split_part(display_name, ' ', 3)::int AS generation)
  AS said
"""


class Ledger:
    """Looks from a thread of its own until it is closed."""

    def __init__(self, control: str, tenants: Sequence[str]) -> None:
        self._url = control.replace("provider@", "postgres@")
        self._tenants = tenants
        self._books = sql.SQL(" UNION ALL ").join(map(_book, tenants))
        self._over = threading.Event()
        self._wanting = True
        self._thread = threading.Thread(target=self._loop, name="ledger", daemon=True)
        self.looks = 0
        self.wanted = 0
        """So many runs were due."""
        self.lost: set[str] = set()
        """Tenants whose run was due and never made."""
        self.half: set[str] = set()
        """What was in a phone book that no run leaves behind."""
        self.open: set[str] = set(tenants)
        """Tenants that wait for a run, or whose run is not wholly over."""

    def begin(self) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute(
                "CREATE TABLE public.wanted (tenant text PRIMARY KEY, generation int, since timestamptz)"
            )
            connection.execute("GRANT SELECT ON public.wanted TO public")
            connection.execute("INSERT INTO public.wanted SELECT unnest(%s::text[]), 0", [list(self._tenants)])
            self._want(connection, self._tenants)
        self._thread.start()

    def settle(self, seconds: float) -> None:
        """Want nothing more, and wait for what is on its way."""
        self._wanting = False
        deadline = time.monotonic() + seconds
        while self.open - self.lost and time.monotonic() < deadline:
            time.sleep(0.2)

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._over.is_set():
            try:
                with closing(psycopg.connect(self._url)) as connection:
                    while not self._over.wait(0.2):
                        self._look(connection)
            except psycopg.OperationalError:
                self._over.wait(0.2)  # it is being restarted

    def _look(self, connection: psycopg.Connection) -> None:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            books = {row[0]: row[1:] for row in connection.execute(self._books)}
            wanted = connection.execute(_WANTED, [FAR]).fetchall()
        connection.isolation_level = IsolationLevel.READ_COMMITTED
        self.looks += 1
        done = [row[0] for row in wanted if self._judge(*row, *books[row[0]])]
        self.open = {row[0] for row in wanted} - set(done)
        if self._wanting and done:
            with connection.transaction():
                self._want(connection, done)

    def _judge(self, tenant: str, wanted: int, job: bool, due: bool, rows: Any, of: Any) -> bool:
        """Whether it has what it wants, and nothing of it is on its way."""
        has = wanted if of == [wanted] else wanted - 1
        whole = (rows, of) == (list(range(has, has + ROWS)), [has])
        if not whole and (rows is not None or wanted > 1):
            self.half.add(f"{tenant} wants generation {wanted} and has rows {rows} of {of}")
        if has != wanted and not job and not due:
            self.lost.add(tenant)
        return has == wanted and not job

    def _want(self, connection: psycopg.Connection, tenants: Iterable[str]) -> None:
        these = [list(tenants)]
        next_one = "UPDATE public.wanted SET generation = generation + 1"
        connection.execute(f"{next_one} WHERE tenant = ANY(%s)", these)
        due = "UPDATE pbx_control.schedule SET next_at = extract(epoch FROM clock_timestamp())"
        connection.execute(f"{due} WHERE tenant = ANY(%s)", these)
        self.wanted += len(these[0])


def _book(tenant: str) -> sql.Composed:
    return sql.SQL(_BOOK).format(id=sql.Literal(tenant), entry=sql.Identifier(f"tenant_{tenant}", "entry"))
