"""The editor's conversation over a real WebSocket: what it hears, and who is not let in."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pbx_web import language_server
from pbx_web.language_server import Close
from pbx_web.login import sessions
from pbx_web.permissions import Role
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from .conftest import PROFILE, Running

URI = "file:///profiles/customers.yaml"


class Talk:
    """An editor's side of the Language Server Protocol, over a WebSocket."""

    def __init__(self, socket: ClientConnection, cookies: dict[str, str]) -> None:
        self.socket = socket
        self.cookies = cookies
        self._ids = itertools.count(1)

    def start(self) -> Any:
        capabilities = self.ask("initialize", processId=None, rootUri=None, capabilities={})
        self.tell("initialized")
        return capabilities["capabilities"]

    def open(self, text: str, uri: str = URI, version: int = 1) -> None:
        document = {"uri": uri, "languageId": "yaml", "version": version, "text": text}
        self.tell("textDocument/didOpen", textDocument=document)

    def at(self, method: str, text: str, sought: str) -> Any:
        """What is said of the place behind some words of the text."""
        before = text[: text.index(sought) + len(sought)]
        position = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        return self.ask(f"textDocument/{method}", textDocument={"uri": URI}, position=position)

    def ask(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        self.send({"id": number, "method": method, "params": params})
        while (message := self.hear()).get("id") != number:
            pass
        return message["result"]

    def diagnostics(self) -> list[Any]:
        while (message := self.hear()).get("method") != "textDocument/publishDiagnostics":
            pass
        found: list[Any] = message["params"]["diagnostics"]
        return found

    def tell(self, method: str, **params: Any) -> None:
        self.send({"method": method, "params": params})

    def send(self, message: dict[str, Any]) -> None:
        self.socket.send(json.dumps({"jsonrpc": "2.0", **message}))

    def hear(self) -> Any:
        return json.loads(self.socket.recv(timeout=60))

    def close_code(self) -> int:
        """With which the server hangs up, sooner or later."""
        with suppress(ConnectionClosed):
            while True:
                self.hear()
        assert self.socket.close_code is not None
        return self.socket.close_code


Join = Callable[..., Talk]


@pytest.fixture
def join(running: Running) -> Iterator[Join]:
    """`join(role)`: as the script of a page opens it."""
    with ExitStack() as stack:

        def joined(role: Role | None = Role.EDITOR, origin: str | None = running.url, **headers: str) -> Talk:
            cookies, _ = running.cookies(role) if role else ({}, "")
            given = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), **headers}
            address = running.url.replace("http", "ws", 1) + "/editor/ws"
            options: Any = {"origin": origin, "additional_headers": given, "proxy": None, "max_size": 2**24}
            options |= {"open_timeout": 60, "ping_interval": None}
            return Talk(stack.enter_context(connect(address, **options)), cookies)

        yield joined


def test_whoever_edits_is_helped(join: Join) -> None:
    talk = join()
    assert talk.start()["documentFormattingProvider"]
    text = PROFILE.replace("[Phone] is blank", "[Phon] is blank").replace("Vip    =", "Vip=")
    talk.open(text)
    found = talk.diagnostics()
    talk.tell(
        "textDocument/didChange",
        textDocument={"uri": URI, "version": 2},
        contentChanges=[{"text": text + "titel: x\n"}],
    )
    assert len(talk.diagnostics()) == len(found) + 1
    labels = [item["label"] for item in talk.at("completion", text, "Number = pho")]
    assert "phone" in labels
    assert "in international form" in talk.at("hover", text, "= phone")["contents"]["value"]
    [edit] = talk.ask(
        "textDocument/formatting", textDocument={"uri": URI}, options={"tabSize": 2, "insertSpaces": True}
    )
    assert "Vip    =" in edit["newText"]


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://127.0.0.1:1", "file://"])
def test_another_site_is_not_let_in(join: Join, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        join(Role.ADMIN, origin)
    assert refused.value.response.status_code == 403


def test_a_name_that_is_not_ours_is_not_let_in(join: Join, running: Running) -> None:
    with pytest.raises(InvalidStatus):
        join(Role.ADMIN, "http://evil.example", host="evil.example")


@pytest.mark.parametrize("role", [None, Role.READER])
def test_who_may_not_edit_is_told_so(join: Join, role: Role | None) -> None:
    assert join(role).close_code() == Close.ENDED


def test_the_editor_ends_with_the_session(join: Join, running: Running) -> None:
    talk = join()
    talk.start()
    for session in running.store.sessions():
        running.store.end_session(session.digest)
    assert talk.close_code() == Close.ENDED


def test_an_open_editor_keeps_no_session_alive(
    join: Join, running: Running, monkeypatch: pytest.MonkeyPatch, asked: list[None]
) -> None:
    monkeypatch.setattr(sessions, "NOTED_EVERY", timedelta(0))
    talk = join()
    talk.start()
    (before,) = running.store.sessions()
    asked.clear()
    while len(asked) < 3:
        time.sleep(0.05)
    assert talk.at("hover", PROFILE, "mode") is None  # it is not open, but there is an answer
    assert running.store.sessions() == [before]
    with running.client(Role.EDITOR) as client:
        client.cookies = httpx.Cookies(talk.cookies)
        client.get("/")
    assert running.store.sessions() != [before]


def test_an_unreachable_store_ends_no_editor_and_opens_none(join: Join, running: Running, asked: list[None]) -> None:
    talk = join()
    talk.start()
    cookies = talk.cookies
    running.failing = True
    asked.clear()
    while len(asked) < 3:
        time.sleep(0.05)
    assert talk.at("hover", PROFILE, "mode") is None  # it is not open, but there is an answer
    assert (
        join(None, cookie="; ".join(f"{name}={value}" for name, value in cookies.items())).close_code() == Close.LATER
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """An element for each look at who an editor belongs to."""
    looks: list[None] = []
    user_of = sessions.Sessions.user_of

    def look(self: Any, *one: Any, **how: Any) -> Any:
        looks.append(None)
        return user_of(self, *one, **how)

    monkeypatch.setattr(sessions.Sessions, "user_of", look)
    return looks


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks for the end of the session often enough for a test."""
    monkeypatch.setattr(language_server, "LOOKED_AT_EVERY", 0.2)


@pytest.mark.parametrize(
    "message",
    ["", "{", "[]", '{"jsonrpc": "2.0", "method": "exit"}', b"\x00\x01", "[" * 50_000, '"' + "x" * 2_000_001 + '"'],
    ids=["empty", "cut short", "list", "exit", "bytes", "deep", "long"],
)
def test_what_is_no_message_costs_the_sender_its_session_and_nobody_else(join: Join, message: str | bytes) -> None:
    other, talk = join(), join()
    other.start()
    talk.socket.send(message)
    assert talk.close_code() == Close.TOO_MUCH
    other.open(PROFILE)
    other.diagnostics()


def test_a_message_beyond_all_bounds_is_not_read(join: Join) -> None:
    talk = join()
    with suppress(ConnectionClosed):  # the server may hang up in the middle of it
        talk.socket.send("x" * (2**22 + 1))
    assert talk.close_code() in (1009, 1006)


def test_a_flood_ends_the_session(join: Join) -> None:
    talk = join()
    with suppress(ConnectionClosed):
        for _ in range(100_000):
            talk.tell("$/setTrace", value="off")
    assert talk.close_code() == Close.TOO_MUCH


def test_one_user_has_so_many_editors_and_others_have_theirs(join: Join) -> None:
    talks = [join() for _ in range(language_server.EDITORS_OF_ONE)]
    for talk in talks:
        talk.start()
    assert join().close_code() == Close.TOO_MUCH
    join(Role.ADMIN).start()
    talks[0].socket.close()
    for _ in range(50):
        try:
            join().start()
            break
        except ConnectionClosed:
            continue
    else:
        pytest.fail("a place that was given up is not free again")
