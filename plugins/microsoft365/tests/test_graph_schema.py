"""What the tests say of Graph's schema is true: it is there, and what breaks it is found, whoever says it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from pbx_microsoft365.fields import FIELDS
from pbx_microsoft365.sandbox import Sandbox
from pbx_microsoft365.sandbox.faults import Fault
from pbx_microsoft365.sandbox.messages import GraphAnswer, GraphRequest
from pbx_microsoft365.sandbox.routes import find_route

from pbx_connector.api import Book, End

from .conftest import Office, items_of
from .graph_schema import SchemaWatcher

CONTACTS = "/users/anna/contactFolders/a%2Fb%3D/contacts"
CONTACT = {"id": "1", "displayName": "Anna", "businessPhones": [], "@odata.etag": 'W/"1"'}


@pytest.fixture
def watcher(graph_schema: Path | None, lacking: Callable[[str], NoReturn]) -> SchemaWatcher:
    if graph_schema is None:
        lacking("no ../shared/graph-schema: what a sandbox is asked and answers is not held against Graph's schema")
    return SchemaWatcher(graph_schema)


def asked(
    path: str = CONTACTS, method: str = "GET", body: Any = None, prefer: str = "", **options: str
) -> GraphRequest:
    named = {f"${name}": text for name, text in options.items()}
    data = b"" if body is None else json.dumps(body).encode()
    return GraphRequest(method, path, named, {"prefer": prefer} if prefer else {}, data)


def answered(**changes: Any) -> GraphAnswer:
    return GraphAnswer(body={"value": [CONTACT | changes]})


def test_what_the_schema_has_is_no_violation(watcher: SchemaWatcher) -> None:
    watcher.see(asked(top="1000", select="id,displayName", prefer='IdType="ImmutableId"'), answered())
    watcher.see(asked(f"{CONTACTS}/1"), GraphAnswer(404, {"error": {"code": "ErrorItemNotFound", "message": "gone"}}))
    watcher.see(asked("/groups/1/transitiveMembers/microsoft.graph.user", select="id"), GraphAnswer(body={"value": []}))
    watcher.see(asked(f"{CONTACTS}/1", "PATCH"), GraphAnswer(body={"whatever": 1}))
    assert (watcher.violations, watcher.checked) == ([], 3)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (asked(top="1001"), "$top: $: 1001 is greater than the maximum of 1000"),
        (asked(top="many"), "$top: $: 'many' is not of type 'integer'"),
        (asked(select="id,phone"), "$select: $[1]: 'phone' is not one of"),
        (asked(colour="red"), "$colour: the schema does not have this here"),
        (asked(f"{CONTACTS}/delta", top="5"), "$top: the schema does not have this here"),
        (asked(prefer="odata.pagesize=5"), "Prefer: $: 'odata.pagesize=5' does not match"),
        (asked("/users/anna/addressBooks"), "the schema has no such address"),
        (asked("/example.com/oauth2/v2.0/token", "POST"), "'grant_type' is a required property"),
        (asked("/$batch", "POST", {"requests": []}), "$.requests: [] should be non-empty"),
        (asked("/$batch", "POST", {"requests": [{"id": "1", "method": "GET"}]}), "'url' is a required property"),
    ],
    ids=lambda one: one.path if isinstance(one, GraphRequest) else "",
)
def test_a_request_that_breaks_it_is_found(watcher: SchemaWatcher, request_: GraphRequest, said: str) -> None:
    watcher.see(request_, None)
    assert all(one.startswith(f"request {request_.method} {request_.path}: ") for one in watcher.violations)
    assert any(said in one for one in watcher.violations)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (answered(phone="1"), "'phone' does not match any of the regexes"),
        (answered(businessPhones="1"), "$.value[0].businessPhones: '1' is not of type 'array'"),
        (answered(birthday="1970-01-01"), "$.value[0].birthday: "),
        (GraphAnswer(body={"value": [{"displayName": "Anna"}]}), "'id' is a required property"),
        (GraphAnswer(body={"contacts": []}), "'value' is a required property"),
        (GraphAnswer(404, {"code": "ErrorItemNotFound"}), "'error' is a required property"),
        (GraphAnswer(204), "the schema has no answer 204 here"),
    ],
)
def test_an_answer_that_breaks_it_is_found(watcher: SchemaWatcher, answer: GraphAnswer, said: str) -> None:
    watcher.see(asked(), answer)
    assert all(one.startswith(f"answer GET {CONTACTS}: ") for one in watcher.violations)
    assert any(said in one for one in watcher.violations)


def test_only_what_is_refused_may_break_it_before_a_lenient_one(graph_schema: Path | None) -> None:
    if graph_schema is None:
        pytest.skip("said above")
    lenient = SchemaWatcher(graph_schema, lenient=True)
    lenient.see(asked(top="0"), GraphAnswer(400, {"error": {"code": "BadRequest", "message": "no"}}))
    assert lenient.violations == []
    lenient.see(asked(top="0"), answered())
    assert len(lenient.violations) == 1


class Recorder:
    """Passes on what it sees, and keeps what it was."""

    def __init__(self, watcher: SchemaWatcher) -> None:
        self._watcher = watcher
        self.seen: set[str] = set()

    def see(self, request: GraphRequest, answer: GraphAnswer | None) -> None:
        route = find_route(request.method, request.path)
        operation = route[0].operation if route else request.path.rpartition("/")[2]
        words = ("spoiled" * (answer is None), "batched" * request.batched, operation)
        self.seen.add(" ".join(filter(None, words)))
        self._watcher.see(request, answer)


def test_everything_that_the_source_asks_for_comes_by(watcher: SchemaWatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(watcher)
    with Sandbox(latency=0, watcher=recorder) as sandbox:
        office = Office(sandbox, monkeypatch)
        office.fields = frozenset(FIELDS.names())
        with office.open(shared={"owners": ["sales@example.com"]}, directory=True, org_contacts=True) as source:
            ends = {book: items_of(source, book)[-1] for book in source.books() if isinstance(book, Book)}
            anna = sandbox.state.contacts("anna.berg@example.com")
            for name in ("New", "Newer"):
                sandbox.state.add(anna, DisplayName=name, Birthday="1970-01-02T00:00:00Z")
            sandbox.faults.add(Fault(name="vanished-item", operation="contact", times=1))
            for book, end in ends.items():
                assert isinstance(end, End)
                list(source.changes(book, end.checkpoint, ()))
    reads = {"users", "orgContacts", "contactFolders", "contactFolder", "contacts", "contactsDelta"}
    assert recorder.seen >= reads | {"token", "$batch", "batched contact", "spoiled batched contact"}
    assert watcher.violations == []
