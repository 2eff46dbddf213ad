"""Whatever an editor asks, and wherever: there is an answer, and it is empty where there is nothing to say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types as lsp
from pygls.workspace import Workspace

from pbx_connector.application.language.hostile_input import tolerant_converter
from pbx_connector.application.language.server import _ANSWERS, ProfileServer, make_server
from pbx_connector.plugins import Plugins

URI = "file:///c%3A/profiles/p.yaml"
PROFILE = """\
title: Contacts 😀
source: exchange
tables:
  departments: {"10": Sales}
rules: |
  Name  = [DisplayName] else "😀" & [Surname]
  Phone = phone([BusinessPhone])
structure:
  phonebook:
    - 028pho_bez: "{{Name}}"
      when: lookup(departments, [Department]) is not blank
"""
PLACED = [lsp.TEXT_DOCUMENT_COMPLETION, lsp.TEXT_DOCUMENT_HOVER, lsp.TEXT_DOCUMENT_DEFINITION]
NUMBERS = st.integers(-3, 40) | st.integers() | st.floats() | st.none() | st.text(max_size=3)
PIECES = [
    "rules: |\n",
    "structure:\n",
    "tables:\n",
    "  ",
    "{{",
    "}}",
    "[",
    "]",
    '"',
    "😀",
    "\ud83d",
    "\0",
    "\r",
    "\t",
    "\u2028",
    "A = ",
    "when: ",
    "for: x in ",
    ".",
    "each",
    "lookup(",
    "&a *a",
    "- ",
    "\n",
    "source: exchange\n",
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=25).map("".join) | st.integers(
    0, len(PROFILE)
).map(lambda end: PROFILE[:end])


@pytest.fixture(scope="module")
def server() -> ProfileServer:
    return make_server(Plugins())


@pytest.fixture(autouse=True)
def workspace(server: ProfileServer) -> Iterator[Workspace]:
    made = server.protocol._workspace = Workspace(None, lsp.TextDocumentSyncKind.Full)
    yield made
    server.protocol._workspace = None


def show(server: ProfileServer, text: str) -> None:
    server.workspace.put_text_document(lsp.TextDocumentItem(URI, "yaml", 1, text))


def ask(server: ProfileServer, method: str, line: object, character: object, uri: str = URI) -> Any:
    """As it comes over the wire."""
    params = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
    return _ANSWERS[method][0](server, tolerant_converter().structure(params, lsp.HoverParams))


@settings(max_examples=150)
@given(text=TEXTS, line=NUMBERS, character=NUMBERS)
def test_every_place_of_every_text_has_an_answer(
    server: ProfileServer, text: str, line: object, character: object
) -> None:
    show(server, text)
    for method in PLACED:
        ask(server, method, line, character)
    edits = _ANSWERS[lsp.TEXT_DOCUMENT_FORMATTING][0](server, lsp.HoverParams(lsp.TextDocumentIdentifier(URI), ZERO))
    assert isinstance(edits, list)


ZERO = lsp.Position(0, 0)


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "file:///nowhere/p.yaml", "untitled:1", "", "file:///a%00b"])
def test_what_is_not_open_is_an_empty_text(server: ProfileServer, uri: str) -> None:
    assert server.text(uri) == ""
    assert ask(server, lsp.TEXT_DOCUMENT_HOVER, 0, 0, uri) is None
    assert ask(server, lsp.TEXT_DOCUMENT_DEFINITION, 0, 0, uri) is None


def test_a_closed_document_is_not_read_from_the_disk(server: ProfileServer) -> None:
    show(server, PROFILE)
    assert server.text(URI) == PROFILE
    server.workspace.remove_text_document(URI)
    assert server.text(URI) == ""
