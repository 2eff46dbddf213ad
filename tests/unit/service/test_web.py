"""The pages of the service as a monitoring system reads them, and metrics that forget what is gone."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from pbx_connector.application import views
from pbx_connector.application.status import ProfileStatus, StatusBoard
from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.errors import UsageError
from pbx_connector.model import Counts, Report, RunStatus
from pbx_connector.service import web as web_module
from pbx_connector.service.metrics import Metrics
from pbx_connector.service.web import Page, Web, health_page

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class State:
    ready = True


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def web(state: State) -> Iterator[Web]:
    pages = {
        "/health": health_page(lambda: (state.ready, {"ready": state.ready})),
        "/metrics": lambda: (200, "text/plain", b"up 1\n"),
    }
    web = Web("127.0.0.1:0", pages)
    web.start()
    yield web
    web.stop()


def get(web: Web, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{web.address}{path}", timeout=100) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_health_says_ready_or_not_by_its_status(web: Web, state: State) -> None:
    assert get(web, "/health?verbose") == (200, '{\n  "ready": true\n}')
    state.ready = False
    assert get(web, "/health")[0] == 503


def test_a_bug_in_a_page_is_logged_and_answered(web: Web, state: State) -> None:
    del State.ready
    try:
        with structlog.testing.capture_logs() as lines:
            status, words = get(web, "/health")
    finally:
        State.ready = True
    assert status == 500
    assert "AttributeError" not in words
    assert [(line["log_level"], line["event"]) for line in lines] == [("error", "a bug in a page")]
    assert get(web, "/metrics") == (200, "up 1\n")


def test_who_hangs_up_is_no_news(web: Web) -> None:
    host, _, port = web.address.rpartition(":")
    with structlog.testing.capture_logs() as lines:
        for _ in range(5):
            with socket.create_connection((host, int(port)), timeout=100) as caller:
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                caller.sendall(b"GET /metrics HTTP/1.0\r\n")
        assert get(web, "/metrics")[0] == 200
    assert lines == []


def test_other_paths_and_methods_are_refused(web: Web) -> None:
    assert get(web, "/")[0] == 404
    assert get(web, "/../../etc/passwd")[0] == 404
    request = urllib.request.Request(f"http://{web.address}/health", method="POST", data=b"x")
    with pytest.raises(urllib.error.HTTPError, match="501"):
        urllib.request.urlopen(request, timeout=100)


def test_a_caller_who_says_nothing_keeps_nobody_waiting(web: Web) -> None:
    host, port = web.address.split(":")
    with socket.create_connection((host, int(port))):
        assert get(web, "/metrics") == (200, "up 1\n")


def test_an_address_that_is_taken_is_said_with_what_to_change(web: Web) -> None:
    with pytest.raises(UsageError, match="cannot listen on"):
        Web(web.address, {})


def test_it_listens_on_ipv6_too() -> None:
    web = Web("[::1]:0", {"/metrics": lambda: (200, "text/plain", b"up 1\n")})
    web.start()
    assert get(web, "/metrics") == (200, "up 1\n")
    web.stop()


def metrics() -> tuple[StatusBoard, Metrics]:
    board = StatusBoard()
    return board, Metrics(board, lambda: NOON, StoreWatch("memory:", lambda: NOON))


def value(page: bytes, name: str) -> float | None:
    lines = [line for line in page.decode().splitlines() if line.startswith(name)]
    return float(lines[0].rpartition(" ")[2]) if lines else None


def test_runs_are_counted_by_profile_and_outcome() -> None:
    board, made = metrics()
    board.put(ProfileStatus("crm", "CRM", "crm.yaml", "", success=NOON - timedelta(hours=2), broken="line 3"))
    for status in (RunStatus.DONE, RunStatus.DONE, RunStatus.REFUSED):
        made.ran(Report("1", "crm", status, Counts(rows=10, added=3, removed=2, problems=1), duration=1.5))
    page = made.page()
    assert value(page, 'pbx_connector_runs_total{profile="crm",status="done"}') == 2
    assert value(page, 'pbx_connector_runs_total{profile="crm",status="refused"}') == 1
    assert value(page, 'pbx_connector_changes_total{action="removed",profile="crm"}') == 4
    assert value(page, 'pbx_connector_rows_total{profile="crm"}') == 30
    assert value(page, 'pbx_connector_run_seconds_total{profile="crm"}') == 4.5
    assert value(page, 'pbx_connector_problems_total{profile="crm"}') == 3
    assert value(page, 'pbx_connector_last_success_age_seconds{profile="crm"}') == 7200
    assert value(page, 'pbx_connector_profile_broken{profile="crm"}') == 1
    assert value(page, "pbx_connector_store_up") == 1


def test_damage_that_the_last_check_found_shows() -> None:
    store = StoreWatch("memory:", lambda: NOON)
    made = Metrics(StatusBoard(), lambda: NOON, store)
    assert value(made.page(), "pbx_connector_store_damaged") == 0
    store.checked(("entry 3",))
    assert value(made.page(), "pbx_connector_store_damaged") == 1
    store.checked(())
    assert value(made.page(), "pbx_connector_store_damaged") == 0


def test_a_failing_profile_shows_under_the_new_name_and_the_former_one() -> None:
    board, made = metrics()
    board.put(ProfileStatus("crm", "CRM", "crm.yaml", "", trouble="failing"))
    board.put(ProfileStatus("fine", "Fine", "fine.yaml", ""))
    for name in ("pbx_connector_profile_failing", "pbx_connector_profile_in_trouble"):
        assert value(made.page(), f'{name}{{profile="crm"}}') == 1
        assert value(made.page(), f'{name}{{profile="fine"}}') == 0


def test_a_profile_that_is_gone_is_forgotten() -> None:
    board, made = metrics()
    board.put(ProfileStatus("crm", "CRM", "crm.yaml", ""))
    made.ran(Report("1", "crm", RunStatus.DONE, Counts()))
    board.drop("crm")
    made.forget("crm")
    assert b'"crm"' not in made.page()


def test_a_profile_status_is_json() -> None:
    report = Report("7", "crm", RunStatus.DONE, Counts(), started=NOON)
    status = ProfileStatus(
        "crm", "CRM", "crm.yaml", "every 1h", NOON, report, NOON - timedelta(minutes=1), reason="no answer"
    )
    content = json.loads(json.dumps(views.profile_status(status, NOON)))
    started = "2026-11-23T12:00:00+00:00"
    assert content["last_run"] == {"run": "7", "status": "done", "started": started, "reason": "no answer"}
    assert content["last_success_age"] == 60


def serve(pages: dict[str, Page]) -> Web:
    web = Web("127.0.0.1:0", pages)
    web.start()
    return web


def call(web: Web) -> socket.socket:
    host, _, port = web.address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=100)


def is_hung_up(caller: socket.socket, *, seconds: float) -> bool:
    caller.settimeout(seconds)
    try:
        return caller.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_headers_that_come_byte_by_byte_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_module, "PATIENCE", 0.5)
    web = serve({})
    try:
        with call(web) as caller:
            caller.sendall(b"GET /health HTTP/1.0\r\nX-Slow: ")
            for _ in range(100):
                if is_hung_up(caller, seconds=0.1):
                    break
                with contextlib.suppress(OSError):
                    caller.send(b"a")
            else:
                pytest.fail("a caller who never stays silent is heard without end")
    finally:
        web.stop()


def test_more_callers_at_once_than_the_bound_are_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_module, "CALLERS", 2)
    web = serve({"/metrics": lambda: (200, "text/plain", b"up 1\n")})
    try:
        with call(web), call(web), call(web) as third:
            assert is_hung_up(third, seconds=100)
        assert answered_at_last(web) == (200, "up 1\n")
    finally:
        web.stop()


def answered_at_last(web: Web) -> tuple[int, str]:
    """Who hung up is noticed by a thread of the service, some time."""
    for _ in range(100):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return get(web, "/metrics")
        time.sleep(0.05)
    raise AssertionError("the places of callers who went are not free again")
