"""The client of Graph: what it sends, what it asks again, and what it never does."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pbx_microsoft365.connection import connect
from pbx_microsoft365.error_mapping import explain
from pbx_microsoft365.wire.answers import DamagedAnswer, GraphError
from pbx_microsoft365.wire.batch import BatchRequest
from pbx_microsoft365.wire.client import ForeignLink, GraphClient
from pbx_microsoft365.wire.targets import path

from pbx_connector.api import EndlessList

from .tame_graph import SECRET, Reply, Request, TameGraph, refusal, tame_graph

ANNA = "anna@example.com"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TameGraph]:
    monkeypatch.setenv("GRAPH_SECRET", SECRET)
    with tame_graph(tmp_path) as running:
        yield running


@pytest.fixture
def client(server: TameGraph) -> Iterator[GraphClient]:
    with connect(server.settings()) as found:
        yield found


def test_what_is_asked_arrives_as_it_was_meant(server: TameGraph, client: GraphClient) -> None:
    odd = "a/b+c d?#%üé=="
    client.get(path("users", odd, "contacts"), {"$select": "id,displayName", "$filter": "a eq 'b+c&d'"}, mailbox=ANNA)
    (request,) = server.requests
    assert request.path == f"/users/{odd}/contacts"
    assert request.query == {"$select": "id,displayName", "$filter": "a eq 'b+c&d'"}
    assert request.headers["prefer"] == 'IdType="ImmutableId"'
    assert request.headers["authorization"] == f"Bearer {server.issued[0]}"


def test_pages_are_followed_as_they_are_with_the_same_preferences(server: TameGraph, client: GraphClient) -> None:
    def graph(request: Request) -> Reply:
        if "$skiptoken" in request.query:
            return Reply({"value": [{"id": "2"}], "@odata.deltaLink": f"{server.url}/d?$deltatoken=x"})
        return Reply({"value": [{"id": "1"}], "@odata.nextLink": f"{server.url}/list?$skiptoken=a%2Bb%3D"})

    server.graph = graph
    pages = list(client.pages("/list", {"$select": "id"}, mailbox=ANNA, prefer=["odata.maxpagesize=200"]))
    assert [item["id"] for page in pages for item in page.items] == ["1", "2"]
    assert pages[-1].delta_link.endswith("$deltatoken=x")
    assert server.requests[1].query == {"$skiptoken": "a+b="}
    assert {request.headers["prefer"] for request in server.requests} == {'IdType="ImmutableId", odata.maxpagesize=200'}


def test_an_advanced_query_of_the_directory_says_so_on_each_page(server: TameGraph, client: GraphClient) -> None:
    list(client.pages("/users", {"$count": "true"}, eventual=True))
    assert server.requests[0].headers["consistencylevel"] == "eventual"
    assert "prefer" not in server.requests[0].headers


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example.com/v1.0/x",
        "http://127.0.0.1/v1.0/x",
        "https://127.0.0.1@evil.example.com/x",
        "https://127.0.0.1:PORT\\@evil.example.com/x",
        "https://127.0.0.1:PORT/x y",
        "https://user@127.0.0.1:PORT/x",
        "//evil.example.com/x",
        "ftp://x",
        "https://[::1",
    ],
)
def test_a_token_goes_to_no_other_server(server: TameGraph, client: GraphClient, link: str) -> None:
    link = link.replace("PORT", server.authority.rpartition(":")[2])
    server.graph = lambda request: Reply({"value": [{"id": "1"}], "@odata.nextLink": link})
    with pytest.raises(ForeignLink) as failure:
        list(client.pages("/list"))
    assert explain(failure.value).code == "G0507"
    assert len(server.requests) == 1


def test_a_redirect_is_not_followed(server: TameGraph, client: GraphClient) -> None:
    server.graph = lambda request: Reply(status=302, headers={"Location": f"{server.url}/elsewhere"})
    assert code_of(client) == "G0108"
    assert len(server.requests) == 1


def code_of(client: GraphClient, target: str = "/x") -> str:
    with pytest.raises(Exception) as failure:
        client.get(target)
    return explain(failure.value).code


# --- asking again ----------------------------------------------------------------------------------------------------


def first(times: int, reply: Reply) -> Any:
    left = iter([reply] * times)
    return lambda request: next(left, Reply({"value": [], "whole": True}))


@pytest.mark.parametrize(
    ("reply", "least"),
    [
        (refusal(429, "ApplicationThrottled", Retry_After="1.2"), 1.2),
        (refusal(503, "MailboxInfoStale", Retry_After="1"), 1.0),
        (Reply(b"", 503), 0.9),
        (refusal(504, "UnknownError"), 0.9),
        (refusal(500), 0.9),
        (Reply(b'{"value": [', 200), 0.0),
        (Reply(b'{"value": []}', 200, cut=5), 0.9),
    ],
)
def test_what_is_busy_or_damaged_once_is_asked_again(server: TameGraph, reply: Reply, least: float) -> None:
    with connect(server.settings(patience=100)) as client:
        client.get("/proof")
        server.graph = first(1, reply)
        start = time.monotonic()
        assert client.get("/x", mailbox=ANNA)["whole"]
    assert time.monotonic() - start >= least
    assert server.paths() == ["/proof", "/x", "/x"]


@pytest.mark.parametrize(
    ("reply", "code", "asked"),
    [
        (refusal(403, "ErrorAccessDenied", "Access is denied."), "G0301", 1),
        (refusal(403, "ErrorAccessDenied", "Access to OData is disabled."), "G0307", 1),
        (refusal(403, "Authorization_RequestDenied"), "G0305", 1),
        (refusal(404, "MailboxNotEnabledForRESTAPI"), "G0303", 1),
        (refusal(404, "ResourceNotFound"), "G0304", 1),
        (refusal(404, "ErrorInvalidUser"), "G0302", 1),
        (refusal(404, "Request_ResourceNotFound"), "G0314", 1),
        (refusal(404, "ErrorItemNotFound"), "G0306", 1),
        (refusal(410, "SyncStateNotFound"), "G0403", 1),
        (refusal(400, "syncStateInvalid"), "G0403", 1),
        (refusal(400, "ErrorInventedLater", "What is that?"), "G0504", 1),
        (Reply(b"<html>", 404), "G0502", 1),
        (Reply(b"<html>", 200), "G0501", 2),
        (Reply(b"", 200), "G0501", 2),
        (Reply(b"[]", 200), "G0501", 2),
        (Reply(b"[" * 100_000, 200), "G0501", 2),
        (Reply(b'{"a": NaN}', 200), "G0501", 2),
        (Reply(b'{"a": ' + b"9" * 5000 + b"}", 200), "G0501", 2),
        (refusal(429, Retry_After="86400"), "G0401", 1),
    ],
)
def test_what_graph_refuses_for_good_is_told_by_its_meaning(
    server: TameGraph, client: GraphClient, reply: Reply, code: str, asked: int
) -> None:
    server.graph = lambda request: reply
    assert code_of(client) == code
    assert len(server.requests) == asked


def test_the_patience_with_a_busy_mailbox_ends_and_holds_back_no_other(server: TameGraph) -> None:
    def graph(request: Request) -> Reply:
        return refusal(429, "TooManyRequests", Retry_After="3") if "busy" in request.path else Reply()

    server.graph = graph
    with connect(server.settings(patience=7)) as client, ThreadPoolExecutor(1) as pool:
        busy = pool.submit(lambda: client.get("/busy", mailbox="busy@example.com"))
        while not server.requests:
            time.sleep(0.01)
        for number in range(20):
            client.get(f"/{number}", mailbox=ANNA)
        assert server.paths().count("/busy") <= 2, "the others had to wait"
        with pytest.raises(GraphError) as failure:
            busy.result()
    assert failure.value.status == 429
    assert 2 <= server.paths().count("/busy") <= 3


def test_a_mailbox_is_asked_four_things_at_once(server: TameGraph) -> None:
    four = threading.Barrier(4, timeout=100)

    def answer(request: Request) -> Reply:
        four.wait()
        time.sleep(0.02)  # a fifth one would come meanwhile
        return Reply()

    server.graph = answer
    with connect(server.settings(connections=20)) as client:
        with ThreadPoolExecutor(12) as pool:
            list(
                pool.map(
                    lambda number: client.get(f"/{number}", mailbox=ANNA.upper() if number % 2 else ANNA), range(24)
                )
            )
        assert server.most_at_once == 4
        gate = threading.Barrier(6, timeout=100)
        server.graph = lambda request: (gate.wait() and Reply()) or Reply()
        with ThreadPoolExecutor(12) as pool:
            list(pool.map(lambda number: client.get(f"/{number}", mailbox=f"{number % 2}@x"), range(6)))
        assert server.most_at_once == 6


def test_a_dead_server_is_waited_for_once(server: TameGraph) -> None:
    with connect(server.settings(patience=1)) as client:
        client.get("/x")
        server.stop()
        start = time.monotonic()
        assert {code_of(client, f"/{number}") for number in range(200)} <= {"G0102", "G0105"}
        assert time.monotonic() - start < 100


# --- lists that do not end -------------------------------------------------------------------------------------------


def test_a_list_that_goes_in_circles_ends(server: TameGraph, client: GraphClient) -> None:
    server.graph = lambda request: Reply({"value": [{"id": "1"}], "@odata.nextLink": f"{server.url}/list?page=2"})
    with pytest.raises(EndlessList):
        list(client.pages("/list"))
    assert len(server.requests) <= 3


def test_a_list_that_repeats_itself_under_new_links_ends(server: TameGraph, client: GraphClient) -> None:
    def graph(request: Request) -> Reply:
        number = len(server.requests)
        items = [{"id": "1"}] if request.path == "/same" else []
        return Reply({"value": items, "@odata.nextLink": f"{server.url}{request.path}?page={number}"})

    server.graph = graph
    for target in ("/same", "/empty"):
        server.requests.clear()
        with pytest.raises(EndlessList):
            list(client.pages(target))
        assert len(server.requests) < 300


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"value": {}},
        {"value": ["x"]},
        {"value": [], "@odata.nextLink": 7},
        {"value": [], "@odata.nextLink": "https://x", "@odata.deltaLink": "https://x"},
    ],
)
def test_a_page_that_is_none_is_damaged(server: TameGraph, client: GraphClient, body: Any) -> None:
    server.graph = lambda request: Reply(body)
    with pytest.raises(DamagedAnswer):
        list(client.pages("/list"))


# --- many at once ----------------------------------------------------------------------------------------------------


Answered = tuple[int, Any, dict[str, str]]
"""Status, body and headers of one answer within a batch."""


def batch_of(answers: dict[str, list[Answered]]) -> Any:
    """What each url is answered, one after the other; the last answer stays."""

    def graph(request: Request) -> Reply:
        told = []
        for one in reversed(request.body["requests"]):
            left = answers[one["url"]]
            status, body, headers = left.pop(0) if len(left) > 1 else left[0]
            told.append({"id": one["id"], "status": status, "body": body, "headers": headers})
        return Reply({"responses": told})

    return graph


def test_each_of_a_batch_is_throttled_and_fails_alone(server: TameGraph, client: GraphClient) -> None:
    busy: Answered = (429, {"error": {"code": "ApplicationThrottled"}}, {"Retry-After": "0.3"})
    gone: Answered = (404, {"error": {"code": "ErrorItemNotFound"}}, {})
    answers: dict[str, list[Answered]] = {f"/{number}": [(200, {"id": str(number)}, {})] for number in range(45)}
    server.graph = batch_of(answers | {"/3": [busy, busy, (200, {"id": "3"}, {})], "/4": [gone], "/44": [busy]})
    found = dict(client.batch([BatchRequest(f"/{number}") for number in range(45)], mailbox=ANNA))
    sizes = [len(request.body["requests"]) for request in server.requests]
    assert sizes[:4] == [20, 1, 1, 20]
    by_target = {request.target: answer for request, answer in found.items()}
    assert len(by_target) == 45
    assert by_target["/3"] == {"id": "3"}
    failed = {target: (one.status, one.code) for target, one in by_target.items() if isinstance(one, GraphError)}
    assert failed == {"/4": (404, "ErrorItemNotFound"), "/44": (429, "ApplicationThrottled")}
    (asked,) = {one["headers"]["Prefer"] for one in server.requests[0].body["requests"]}
    assert asked == 'IdType="ImmutableId"'


@pytest.mark.parametrize("spoil", ["missing", "twice", "foreign", "no status", "no body"])
def test_a_batch_whose_answers_do_not_fit_is_asked_once_more_and_then_damaged(
    server: TameGraph, client: GraphClient, spoil: str
) -> None:
    def graph(request: Request) -> Reply:
        told: list[dict[str, Any]] = [{"id": str(number), "status": 200, "body": {}} for number in range(2)]
        wrong: dict[str, dict[str, Any]] = {"twice": told[0], "foreign": {"id": "7", "status": 200, "body": {}}}
        wrong |= {"no status": {"id": "1", "body": {}}, "no body": {"id": "1", "status": 200}}
        return Reply({"responses": told[:1] + ([wrong[spoil]] if spoil in wrong else [])})

    server.graph = graph
    with pytest.raises(DamagedAnswer):
        list(client.batch([BatchRequest("/a"), BatchRequest("/b")], mailbox=ANNA))
    assert len(server.requests) == 2


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_a_token_that_was_revoked_is_replaced_once_for_all_threads(server: TameGraph) -> None:
    with connect(server.settings()) as client:
        client.get("/x")
        server.revoked.update(server.issued)
        with ThreadPoolExecutor(8) as pool:
            assert len(list(pool.map(lambda number: client.get(f"/{number}"), range(40)))) == 40
    assert len(server.issued) == 2


def test_tokens_that_are_never_taken_are_not_asked_for_without_end(server: TameGraph) -> None:
    with connect(server.settings()) as client:
        server.revoked.update(f"token-{number}" for number in range(1000))
        assert {code_of(client, f"/{number}") for number in range(50)} == {"G0217"}
    assert len(server.requests) <= 5


def test_nothing_secret_shows_in_the_logs(server: TameGraph, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "urllib3")  # which the log of a command keeps quiet
    with connect(server.settings()) as client:
        client.get("/x")
        said = [repr(client), repr(vars(client)), repr(server.settings())]
    text = "\n".join([*said, *(record.getMessage() for record in caplog.records)])
    assert "GET /v1.0/x" in text, "debug logging is not on"
    assert SECRET not in text
    assert not any(token in text for token in server.issued)
