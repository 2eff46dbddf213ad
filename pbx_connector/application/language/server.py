"""The language server: speaks LSP over stdin and stdout, for any editor; started by `pbx-connector lsp`.

Positions count from 0 here, and characters in the units that the editor asked for (UTF-16 as a rule).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lsprotocol import types as lsp
from pbx_rules import Diagnostic, Span
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument

from pbx_connector.application.language.hostile_input import TolerantProtocol, tolerant_converter
from pbx_connector.application.language.lookup import definition, meaning
from pbx_connector.application.language.outline import Outline, Place
from pbx_connector.application.language.suggestions import Kind, Suggestion, suggest
from pbx_connector.application.language.words import words_of
from pbx_connector.errors import ProfileError
from pbx_connector.plugins import Plugins
from pbx_connector.profile import check_text, format_profile

PAUSE = 0.15
"""Seconds without a change after which a text is checked."""
LONGEST = 1_000_000
"""Characters of a text that is still helped with; a longer one is only checked."""

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_KINDS: dict[Kind, lsp.CompletionItemKind] = {
    "field": lsp.CompletionItemKind.Field,
    "variable": lsp.CompletionItemKind.Variable,
    "function": lsp.CompletionItemKind.Function,
    "keyword": lsp.CompletionItemKind.Keyword,
    "table": lsp.CompletionItemKind.Struct,
    "key": lsp.CompletionItemKind.Property,
    "value": lsp.CompletionItemKind.Value,
}
_SEVERITIES = {"error": lsp.DiagnosticSeverity.Error, "warning": lsp.DiagnosticSeverity.Warning}


class ProfileServer(LanguageServer):
    """Serves the profiles that an editor has open."""

    def __init__(self, plugins: Plugins) -> None:
        # pygls counts lines by more characters than YAML has line breaks; whole texts cannot go out of step.
        super().__init__(
            "pbx-connector",
            metadata.version("pbx-connector"),
            text_document_sync_kind=lsp.TextDocumentSyncKind.Full,
            protocol_cls=TolerantProtocol,
            converter_factory=tolerant_converter,
        )
        self.plugins = plugins
        self.words = words_of(plugins)
        self._answers = ThreadPoolExecutor(1, "language-answers")
        self._checks = ThreadPoolExecutor(1, "language-checks")
        self._to_be_checked: set[str] = set()

    def shutdown(self) -> None:
        super().shutdown()  # type: ignore[no-untyped-call]  # of pygls
        self._answers.shutdown(wait=False, cancel_futures=True)
        self._checks.shutdown(wait=False, cancel_futures=True)

    @property
    def open_documents(self) -> int:
        workspace = self.protocol._workspace
        return len(workspace.text_documents) if workspace else 0

    def text(self, uri: str) -> str:
        """Of an open document; empty for others: what the disk has is for the editor to open."""
        document = self._document(uri)
        return document.source if document else ""

    def outline(self, uri: str) -> Outline:
        text = self.text(uri)
        return Outline(text if len(text) <= LONGEST else "")

    def column(self, line: str, units: int) -> int:
        """The number of characters that take so many of the editor's units."""
        for column, character in enumerate(line):
            if units <= 0:
                return column
            units -= self._width(character)
        return len(line)

    def position(self, lines: Sequence[str], line: int, column: int) -> lsp.Position:
        before = lines[line][:column] if line < len(lines) else ""
        return lsp.Position(line, sum(map(self._width, before)))

    def range(self, lines: Sequence[str], place: Place) -> lsp.Range:
        return lsp.Range(self.position(lines, place.line, place.start), self.position(lines, place.line, place.end))

    def _width(self, character: str) -> int:
        encoding = str(self.workspace.position_encoding)
        if encoding == lsp.PositionEncodingKind.Utf32:
            return 1
        if encoding == lsp.PositionEncodingKind.Utf8:
            return len(character.encode("utf-8", "surrogatepass"))
        return 2 if ord(character) > 0xFFFF else 1

    async def answer(self, handler: Callable[..., Any], params: object) -> Any:
        """In a thread, one after the other: the texts of one editor must not hold up those of others."""
        return await asyncio.get_running_loop().run_in_executor(self._answers, handler, self, params)

    async def check(self, uri: str) -> None:
        """Tell the editor all that is wrong with a text; nothing if it has changed meanwhile.

        In a thread, so that answers need not wait, and one text at a time: checking a long one takes seconds.
        """
        if uri in self._to_be_checked:
            return  # what is still waiting for its turn will find the text as it is then
        self._to_be_checked.add(uri)
        found = await asyncio.get_running_loop().run_in_executor(self._checks, self._checked, uri)
        if found is not None and self.is_current(uri, found.version):
            self.text_document_publish_diagnostics(found)

    def _checked(self, uri: str) -> lsp.PublishDiagnosticsParams | None:
        self._to_be_checked.discard(uri)
        document = self._document(uri)
        if document is None:
            return None
        version, text = document.version, document.source
        found = check_text(text, Path(to_fs_path(uri) or "profile.yaml"), self.plugins)
        lines = _LINE_BREAK.split(text)
        said = [self._diagnostic(one, lines, uri) for one in found.diagnostics]
        return lsp.PublishDiagnosticsParams(uri, said, version)

    def is_current(self, uri: str, version: int | None) -> bool:
        document = self._document(uri)
        return document is not None and document.version == version

    def _document(self, uri: str) -> TextDocument | None:
        """pygls keeps documents by their addresses without escapes (`c%3A` is `c:`)."""
        found: TextDocument | None = self.workspace.text_documents.get(unquote(uri))
        return found

    def _diagnostic(self, found: Diagnostic, lines: Sequence[str], uri: str) -> lsp.Diagnostic:
        related = [
            lsp.DiagnosticRelatedInformation(lsp.Location(uri, self._span(note.span, lines)), note.message)
            for note in found.notes
        ]
        return lsp.Diagnostic(
            range=self._span(found.span, lines),
            message=f"{found.message}\n{found.hint}" if found.hint else found.message,
            severity=_SEVERITIES[found.severity],
            code=found.code,
            source="pbx-connector",
            related_information=related or None,
        )

    def _span(self, span: Span, lines: Sequence[str]) -> lsp.Range:
        return lsp.Range(
            self.position(lines, span.line - 1, span.column - 1),
            self.position(lines, span.end_line - 1, span.end_column - 1),
        )


def make_server(plugins: Plugins, kind: type[ProfileServer] = ProfileServer) -> ProfileServer:
    """A server with all its features, ready to be started."""
    server = kind(plugins)
    for name, handler in _EVENTS.items():
        server.feature(name)(handler)
    for name, (handler, options) in _ANSWERS.items():
        server.feature(name, options)(_in_its_turn(handler))
    return server


def _in_its_turn(handler: Callable[..., Any]) -> Callable[..., Any]:
    async def answer(server: ProfileServer, params: Any) -> Any:
        return await server.answer(handler, params)

    return answer


async def _opened(server: ProfileServer, params: lsp.DidOpenTextDocumentParams) -> None:
    await server.check(params.text_document.uri)


async def _changed(server: ProfileServer, params: lsp.DidChangeTextDocumentParams) -> None:
    """Checks once the typing pauses: of several changes in a row only the last is checked."""
    await asyncio.sleep(PAUSE)
    if server.is_current(params.text_document.uri, params.text_document.version):
        await server.check(params.text_document.uri)


def _closed(server: ProfileServer, params: lsp.DidCloseTextDocumentParams) -> None:
    server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(params.text_document.uri, []))


def _complete(server: ProfileServer, params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
    outline, line, column = _cursor(server, params)
    return [
        _item(suggestion, server.range(outline.lines, Place(line, suggestion.start, column)), number)
        for number, suggestion in enumerate(suggest(outline, line, column, server.words))
    ]


def _item(suggestion: Suggestion, replaced: lsp.Range, number: int) -> lsp.CompletionItem:
    return lsp.CompletionItem(
        label=suggestion.label,
        kind=_KINDS[suggestion.kind],
        detail=suggestion.detail or None,
        documentation=lsp.MarkupContent(lsp.MarkupKind.Markdown, suggestion.doc) if suggestion.doc else None,
        sort_text=f"{number:05}",
        filter_text=suggestion.label,
        text_edit=lsp.TextEdit(replaced, suggestion.insert),
    )


def _hover(server: ProfileServer, params: lsp.HoverParams) -> lsp.Hover | None:
    outline, line, column = _cursor(server, params)
    found = meaning(outline, line, column, server.words)
    if found is None:
        return None
    content = lsp.MarkupContent(lsp.MarkupKind.Markdown, found.doc)
    return lsp.Hover(content, server.range(outline.lines, found.place))


def _define(server: ProfileServer, params: lsp.DefinitionParams) -> lsp.Location | None:
    outline, line, column = _cursor(server, params)
    place = definition(outline, line, column)
    return lsp.Location(params.text_document.uri, server.range(outline.lines, place)) if place else None


def _format(server: ProfileServer, params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
    """Nothing for a text that cannot be formatted: its diagnostics say why."""
    text = server.text(params.text_document.uri)
    try:
        formatted = format_profile(text, "")
    except ProfileError:
        return []
    lines = _LINE_BREAK.split(text)
    whole = lsp.Range(lsp.Position(0, 0), server.position(lines, len(lines) - 1, len(lines[-1])))
    return [lsp.TextEdit(whole, formatted)] if formatted != text else []


def _cursor(
    server: ProfileServer, params: lsp.CompletionParams | lsp.HoverParams | lsp.DefinitionParams
) -> tuple[Outline, int, int]:
    """The text in outline, and the cursor's line and column in characters."""
    outline = server.outline(params.text_document.uri)
    line = min(params.position.line, len(outline.lines) - 1)
    return outline, line, server.column(outline.lines[line], params.position.character)


_EVENTS: dict[str, Callable[..., Any]] = {
    lsp.TEXT_DOCUMENT_DID_OPEN: _opened,
    lsp.TEXT_DOCUMENT_DID_CHANGE: _changed,
    lsp.TEXT_DOCUMENT_DID_CLOSE: _closed,
}
_ANSWERS: dict[str, tuple[Callable[..., Any], lsp.CompletionOptions | None]] = {
    lsp.TEXT_DOCUMENT_COMPLETION: (_complete, lsp.CompletionOptions(trigger_characters=["[", "{", "."])),
    lsp.TEXT_DOCUMENT_HOVER: (_hover, None),
    lsp.TEXT_DOCUMENT_DEFINITION: (_define, None),
    lsp.TEXT_DOCUMENT_FORMATTING: (_format, None),
}
SERVED = frozenset(_EVENTS) | frozenset(_ANSWERS)
