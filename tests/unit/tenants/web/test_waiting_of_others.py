"""What somebody of one tenant waits for holds up the pages of no other."""

from __future__ import annotations

import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack

import httpx
import pytest
from pbx_web.shares import JOBS, TALKS_OF_ONE, shares_of
from sqlalchemy import text
from tenant_pages import Pages

from pbx_connector.api import Role, application
from pbx_connector.config import ControlConfig

SENT = {"draft": "text", "base": "base"}
API = "/api/v1/profiles/staff"
CONNECTIONS = 4


@pytest.fixture
def control_config(control_config: ControlConfig) -> ControlConfig:
    return control_config.model_copy(update={"connections": CONNECTIONS})


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and says nothing, until it is closed."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield server


def address(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}/staff.csv"


def draft(client: httpx.Client, url: str = "") -> dict[str, str]:
    base = client.get(API).json()["text"]
    text = base.replace("file: ../staff.csv", f"url: {url}, timeout: 200") if url else base
    return {"base": base, "text": text}


def shown(client: httpx.Client, sent: dict[str, str], do: str) -> str:
    """The page that answers."""
    packed = {f"packed-{name}": b64encode(sent[key].encode()).decode() for name, key in SENT.items()}
    return client.post("/profiles/staff", data={**packed, "tab": "variables", "do": do}).text


@pytest.mark.parametrize("do", ["test", "rows"])
def test_a_tenant_has_no_more_than_so_many_sources_that_do_not_answer(
    pages: Pages, silent: socket.socket, do: str
) -> None:
    with ExitStack() as opened, ThreadPoolExecutor(TALKS_OF_ONE + 1) as pool:
        acme, bolt = (opened.enter_context(pages.client(id, Role.EDITOR)) for id in ("acme", "bolt"))
        sent = draft(acme, address(silent))
        asked = [pool.submit(shown, acme, sent, do) for _ in range(TALKS_OF_ONE + 1)]
        assert "Ann" in shown(bolt, draft(bolt), "rows")
        assert "As many connection tests go on" in next(as_completed(asked)).result()
        silent.close()  # lets the others go
        refused = ["As many connection tests go on" in each.result() for each in asked]
    assert sorted(refused) == [False] * TALKS_OF_ONE + [True]


def test_simulations_leave_connections_for_pages(pages: Pages, silent: socket.socket) -> None:
    with ExitStack() as opened:
        clients = [
            opened.enter_context(pages.client(id, role))
            for id in ("acme", "bolt")
            for role in (Role.EDITOR, Role.RELEASER)
        ]
        statuses = [
            client.post(API, json=draft(client, address(silent)) | {"do": "simulate"}).status_code for client in clients
        ]
        assert statuses == [200, 200, 409, 409]
        assert [client.get("/phone-book").status_code for client in clients] == [200] * len(clients)
        for id in ("acme", "bolt"):
            for job in pages.site(id).jobs.of():
                job.cancel()


@pytest.mark.parametrize(("connections", "places"), [(3, 1), (10, 5), (500, JOBS)])
def test_simulations_take_half_of_the_connections(connections: int, places: int) -> None:
    jobs = shares_of(connections).jobs
    assert [jobs.acquire(blocking=False) for _ in range(places + 1)] == [True] * places + [False]


@pytest.mark.parametrize("do", ["test", "rows"])
def test_nothing_is_told_of_a_phone_book_that_cannot_be_read(pages: Pages, do: str) -> None:
    tenant = pages.systems.tenant("acme")
    personal = pages.store("acme")
    with pages.client("acme", Role.ADMIN) as acme:
        application.users.show_personal(personal, str(Role.ADMIN), True)
        sent = draft(acme)
        with pages.fleet.phone_books._login(tenant).write() as connection:
            connection.execute(text(f'SET LOCAL ROLE "{tenant.role}"'))
            connection.execute(text(f'DROP TABLE "{tenant.schema}".account CASCADE'))
        answer = shown(acme, sent, do)
    assert "this cannot be had at the moment" in answer
    assert "phone book of tenant" not in answer


def test_a_tenant_has_no_more_than_so_many_connections_that_stay_open(pages: Pages) -> None:
    pages.site("acme").followers = threading.BoundedSemaphore(1)
    path = "/profiles/staff/queued/events"
    with pages.client("acme", Role.RELEASER) as acme, pages.client("bolt", Role.RELEASER) as bolt:
        for client in (acme, bolt):
            client.post("/profiles/staff/run")
        with acme.stream("GET", path) as first:
            told = first.iter_lines()
            assert next(told).startswith("data:")
            assert acme.get(path).text == "retry: 15000\n\n"
            with bolt.stream("GET", path) as other:
                assert next(other.iter_lines()).startswith("data:")
        line, until = "", time.monotonic() + 200
        while not line.startswith("data:") and time.monotonic() < until:
            with acme.stream("GET", path) as again:
                line = next(again.iter_lines())
        assert line.startswith("data:")
