"""A session of the language server: what it answers, what it refuses, and that no text leads it to a file."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import own_loop
import pytest

from pbx_connector.application.language import SessionEnded, session

from .conftest import Editor

URI = "file:///profiles/crm.yaml"
PROFILE = """\
title: Contacts
source: exchange
settings:
  email: pbx@example.com
  password: {env: NOT_SET}
rules: |
  Name = [DisplayNam]
structure:
  phonebook:
    - 028pho_bez: "{{Name}}"
"""
Connect = Callable[[], Editor]


def test_an_editor_is_helped(connect: Connect) -> None:
    async def talk() -> None:
        editor = connect()
        capabilities = (await editor.start())["capabilities"]
        assert capabilities["hoverProvider"]
        editor.open(URI, PROFILE)
        assert [found["code"] for found in await editor.diagnostics()] == ["R0201"]
        editor.change(URI, PROFILE.replace("DisplayNam]", 'DisplayName] else "none"'), 2)
        assert await editor.diagnostics() == []
        place = {"textDocument": {"uri": URI}, "position": {"line": 6, "character": 10}}
        labels = [item["label"] for item in (await editor.ask("textDocument/completion", **place))["result"]]
        assert "DisplayName" in labels
        assert "`[DisplayName]`" in (await editor.ask("textDocument/hover", **place))["result"]["contents"]["value"]

    own_loop.run(talk())


def test_of_many_changes_at_once_only_the_newest_text_is_checked(connect: Connect, now: list[float]) -> None:
    async def talk() -> None:
        editor = connect()
        await editor.start()
        editor.open(URI, PROFILE)
        for version in range(2, 40):
            editor.change(URI, PROFILE + f"# {version}\n", version)
            now[0] += 0.1
        editor.change(URI, PROFILE.replace("DisplayNam]", 'DisplayName] else "none"'), 40)
        async with asyncio.timeout(60):
            while editor.said.empty() or editor.session._protocol.pending:
                await asyncio.sleep(0.05)
        said = [editor.said.get_nowait()["params"] for _ in range(editor.said.qsize())]
        assert {one["version"] for one in said} == {40}
        assert len(said) <= 2  # it was opened, and changed

    own_loop.run(talk())


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"id": ' + "9" * 10_000 + "}", "not JSON"),
        ("[]", "JSON-RPC"),
        ('"x"', "JSON-RPC"),
        ('{"method": {}}', "JSON-RPC"),
        ('"' + "x" * 2_000_000 + '"', "2,000,000 characters"),
        ('{"jsonrpc": "2.0", "method": "exit"}', "good-bye"),
    ],
    ids=["empty", "deep", "number", "list", "text", "method", "long", "exit"],
)
def test_what_is_no_message_ends_the_session_and_nothing_else(connect: Connect, message: str, reason: str) -> None:
    async def talk() -> None:
        editor = connect()
        await editor.start()
        with pytest.raises(SessionEnded, match=reason):
            editor.session.receive(message)
        with pytest.raises(SessionEnded, match=reason):
            editor.tell("initialized")

    own_loop.run(talk())


@pytest.mark.parametrize(
    "message",
    [
        {"id": 1},
        {"id": 7, "result": {}},
        {"id": 7, "error": {"code": 1, "message": "x"}},
        {"method": "textDocument/didOpen", "params": None},
        {"method": "textDocument/didChange", "params": {"textDocument": {"uri": "file:///x", "version": 1}}},
        {"method": "textDocument/didOpen", "params": {"textDocument": {"uri": 1, "text": [], "version": "x"}}},
        {"method": "$/cancelRequest", "params": {"id": 99}},
        {"method": "$/cancelRequest", "params": {}},
        {"method": "workspace/didChangeWorkspaceFolders", "params": {}},
        {"method": "initialized", "jsonrpc": "1.0"},
        {"method": ""},
    ],
    ids=json.dumps,
)
def test_what_makes_no_sense_is_passed_over(connect: Connect, message: dict[str, Any]) -> None:
    async def talk() -> None:
        editor = connect()
        await editor.start()
        editor.send({"jsonrpc": "2.0", **message})
        assert "result" in await editor.ask("shutdown")

    own_loop.run(talk())


@pytest.mark.parametrize("method", ["workspace/executeCommand", "x" * 1000, "notebookDocument/didOpen"])
def test_a_request_for_what_is_not_served_is_answered_with_an_error(connect: Connect, method: str) -> None:
    async def talk() -> None:
        editor = connect()
        await editor.start()
        error = (await editor.ask(method))["error"]
        assert error["code"] == -32601
        assert len(error["message"]) < 200

    own_loop.run(talk())


def test_an_error_says_nothing_of_the_machine(connect: Connect) -> None:
    async def talk() -> None:
        editor = connect()
        answer = await editor.ask("textDocument/hover", textDocument={"uri": URI}, position={"line": 0, "character": 0})
        assert "Traceback" not in json.dumps(answer)
        assert ".py" not in json.dumps(answer)
        assert answer["error"]["code"] == -32603

    own_loop.run(talk())


def test_few_texts_can_be_open(connect: Connect) -> None:
    async def talk() -> None:
        editor = connect()
        await editor.start()
        for number in range(session.DOCUMENTS):
            editor.open(f"file:///profiles/{number}.yaml", "title: x\n")
        editor.tell("textDocument/didClose", textDocument={"uri": "file:///profiles/0.yaml"})
        editor.open("file:///profiles/more.yaml", "title: x\n")
        with pytest.raises(SessionEnded, match="no more than 4 texts"):
            editor.open("file:///profiles/one-too-many.yaml", "title: x\n")

    own_loop.run(talk())


def test_an_editor_that_does_not_wait_for_answers_is_left(connect: Connect) -> None:
    async def talk() -> None:
        editor = connect()
        await editor.start()
        editor.open(URI, PROFILE)
        place = {"textDocument": {"uri": URI}, "position": {"line": 6, "character": 10}}
        hover = {"jsonrpc": "2.0", "method": "textDocument/hover", "params": place}
        for number in range(session.PENDING - 3):
            editor.send({**hover, "id": f"h{number}"})
        with pytest.raises(SessionEnded, match="too many requests at once"):  # `didOpen` is among those that wait
            all(editor.send({**hover, "id": number}) for number in range(3))

    own_loop.run(talk())


def test_a_flood_ends_the_session_and_typing_does_not(connect: Connect, now: list[float]) -> None:
    async def talk() -> None:
        editor, patient = connect(), connect()
        await editor.start()
        for _ in range(10 * session.BURST):
            patient.tell("$/setTrace", value="off")
            now[0] += 1 / session.LASTING
        with pytest.raises(SessionEnded, match="too many messages"):
            all(editor.tell("$/setTrace", value="off") for _ in range(session.BURST + 2))

    own_loop.run(talk())


def test_a_closed_session_says_nothing_more(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    async def talk() -> None:
        editor = connect()
        await editor.start()
        editor.open(URI, PROFILE)
        editor.session.close()
        await asyncio.sleep(0.5)
        assert editor.said.empty()
        editor.session.close()

    own_loop.run(talk())
    assert [record.message for record in caplog.records] == []


REFERENCES = """\
title: Contacts
source: {source}
settings:
  password: {{file: {path}}}
  client_secret: {{file: {path}}}
  keyring: {{keyring: {path}}}
  file: {path}
  url: {path}
  ca: {path}
  ca_file: {path}
  certificate: {path}
tables:
  t: {{file: {path}}}
rules: !!python/object {path}
include: {path}
"""
# Of one form and length, so that they make the same mistakes.
THERE_AND_NOT = [
    ("/etc/passwd", "/etc/passwe"),
    ("../../../../etc/passwd", "../../../../etc/passwe"),
    ("~root/.profile", "~roof/.profile"),
    ("/dev/zero", "/dev/zerq"),
]


def test_no_text_and_no_address_of_one_leads_to_a_file(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sought: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("open", "os.listdir", "os.scandir") and not isinstance(arguments[0], int):
            sought.append(str(arguments[0]))

    def look(path: object, *others: Any, **options: Any) -> Any:
        sought.append(str(path))
        return stat(path, *others, **options)

    stat: Any = os.stat
    sys.addaudithook(watch)
    monkeypatch.setattr(os, "stat", look)

    async def talk() -> None:
        editor = connect()
        await editor.start()
        for source in ("exchange", "csv", "carddav", "ldap", "microsoft365"):
            for pair in THERE_AND_NOT:
                found, missing = [await said_of(editor, source, path) for path in pair]
                assert found == missing

    own_loop.run(talk())
    paths = [path for pair in THERE_AND_NOT for path in pair]
    assert [path for path in sought if path.endswith(tuple(path.lstrip("./~") for path in paths))] == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def said_of(editor: Editor, source: str, path: str) -> str:
    """All that an editor hears of a text that refers to a path everywhere, and is said to be that file itself."""
    uri = f"file://{path}"
    editor.open(uri, REFERENCES.format(source=source, path=path))
    said: list[Any] = [await editor.diagnostics()]
    assert said[0]
    for method in ("hover", "completion", "definition"):
        place = {"textDocument": {"uri": uri}, "position": {"line": 3, "character": 4}}
        said.append((await editor.ask(f"textDocument/{method}", **place))["result"])
    editor.tell("textDocument/didClose", textDocument={"uri": uri})
    assert await editor.diagnostics() == []
    return json.dumps(said).replace(path, "PATH")
