"""Printing: results go to stdout, all else to stderr. Text from outside never reaches the terminal as it is: control
characters and direction marks, which could rewrite the screen, are shown as escapes.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TextIO, cast

from pbx_connector.application import command_words
from pbx_connector.counting import counted
from pbx_connector.errors import ConnectorError, ProfileError
from pbx_connector.visible import LONG_ID, shortened
from pbx_connector.visible import shown as shown

if TYPE_CHECKING:
    from datetime import datetime

    from pbx_rules import Diagnostic
    from rich.console import Console
    from rich.text import Text

    from pbx_connector.model import Problem

COMMANDS_IN = ("hint", "held")
"""Keys in JSON whose texts name commands."""
PIPE_WIDTH = 240
"""Columns of a table that nobody looks at on a terminal."""

_tenant = ""


def name_tenant(id: str) -> None:
    """From now on the commands that people are told act on this tenant, as the one does that tells them."""
    global _tenant
    _tenant = id


def _told(line: str) -> str:
    return command_words.of_tenant(line, _tenant)


def prepare_streams() -> None:
    """No encoding of stdout or stderr may end a command: what it cannot hold is shown as an escape."""
    name_tenant("")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _Terminal(io.TextIOBase):
    """Shows what is written line by line, as `shown` shows it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        pieces = re.split(r"(\r?\n|\t)", text)
        self._stream.write("".join(piece if at % 2 else shown(piece) for at, piece in enumerate(pieces)))
        return len(text)


def results(stream: TextIO | None = None) -> TextIO:
    """Where results go that are not made for people: as they are into a file or a pipe, safe to see on a terminal."""
    stream = stream or sys.stdout
    return cast("TextIO", _Terminal(stream)) if stream.isatty() else stream


def console(*, err: bool = False) -> Console:
    from rich.console import Console  # takes longer than many a command that prints nothing or JSON

    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(file=stream, highlight=False, width=width, soft_wrap=False)


def say(line: str = "", *, style: str = "") -> None:
    """A line of result."""
    from rich.text import Text

    _print(Text(shown(_told(line)), style=style))


def local(moment: datetime) -> str:
    """In the machine's zone, to the second."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def note(line: str) -> None:
    _aside("note: ", "cyan", line)


def warn(line: str) -> None:
    _aside("warning: ", "bold yellow", line)


def complain(line: str) -> None:
    _aside("error: ", "bold red", line)


def hint(line: str) -> None:
    if line:
        _aside("  hint: ", "cyan", line)


def _aside(word: str, style: str, line: str) -> None:
    from rich.text import Text

    _print(Text.assemble((word, style), shown(_told(line))), err=True)


def _print(line: Text, *, err: bool = False) -> None:
    """A terminal gets lines that are broken between words, anything else a line as it is."""
    to = console(err=err)
    to.print(line, soft_wrap=not to.is_terminal)


def failure(error: ConnectorError) -> None:
    """What happened and what to do about it."""
    if isinstance(error, ProfileError):
        diagnostics(error.diagnostics, error.text)
    for line in error.message.split("\n"):
        complain(line)
    hint(error.hint)


def diagnostics(found: Sequence[Diagnostic], text: str, *, at_most: int = 100) -> None:
    """Findings in a profile, each with its place and a caret; of very many the first errors, or else warnings."""
    from pbx_rules import render
    from rich.text import Text

    gravest = sorted(range(len(found)), key=lambda index: found[index].severity != "error")[:at_most]
    for diagnostic in (found[index] for index in sorted(gravest)):
        lines = render(replace(diagnostic, hint=_told(diagnostic.hint)), text).split("\n")
        style = "bold red" if diagnostic.severity == "error" else "bold yellow"
        picture = Text("\n".join(shown(line) for line in lines))
        picture.stylize(style, 0, picture.plain.find("\n"))
        console(err=True).print(picture, soft_wrap=True)
        console(err=True).print()
    if len(found) > at_most:
        note(f"{len(found) - at_most} more; pbx-connector check --json lists all")


def problems(found: Sequence[Problem], *, at_most: int = 20) -> None:
    """Problems with rows and books, on stderr; the first few in full."""
    for problem in found[:at_most]:
        where, message = _place(problem), problem.message
        told = message if message.startswith(where) else f"{where}: {message}"
        told += f": {problem.value}" if problem.value else ""
        _aside(f"{problem.severity}[{problem.code}]: ", "yellow", told)
        hint(problem.hint)
    if len(found) > at_most:
        warn(f"{counted(len(found) - at_most, 'more problem')}; --json lists all of them")


def _place(problem: Problem) -> str:
    """In words that people know: the contact's name in place of its id."""
    if not problem.contact:
        return shortened(problem.where)
    ids = list(LONG_ID.finditer(problem.where))
    if not ids:
        return f"{problem.where} ({problem.contact})"
    before, after = problem.where[: ids[-1].start()], problem.where[ids[-1].end() :]
    return before.removesuffix("row ") + problem.contact + after


def as_json(value: Any) -> None:
    """One JSON value on stdout."""
    results().write(_json(value, indent=2) + "\n")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, err: bool = False) -> None:
    """A table on stdout; a column that is empty in all rows is left out."""
    from pbx_connector.cli import tables

    cells = [[shown(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    page(title, tables.in_columns(columns, cells, console(err=err).width), err=err)


def page(title: str, lines: Iterable[str | Text], *, err: bool = False) -> None:
    """Lines that fit, with a title if there are any, and a blank one below."""
    from rich.text import Text

    found = [_visible(line) for line in lines]
    if not found:
        return
    to = console(err=err)
    found = [*([Text(shown(title), style="bold")] if title else []), *found, ""]
    if to.is_terminal:
        to.print(Text("\n").join(Text(line) if isinstance(line, str) else line for line in found), soft_wrap=True)
    else:
        to.file.write("".join(f"{str(line).rstrip()}\n" for line in found))


def _visible(line: str | Text) -> str | Text:
    """Styles are lost where something was hidden."""
    if isinstance(line, str):
        return shown(line)
    safe = shown(line.plain)
    return line if safe == line.plain else type(line)(safe)


def as_json_list(values: Iterable[Any]) -> None:
    """A JSON list on stdout, written as it comes: its length is no matter of memory."""
    _write_list("", values)
    results().write("\n")


def as_json_with_list(value: Mapping[str, Any], name: str, values: Iterable[Any]) -> None:
    """One JSON object on stdout; `name` is its last key, whose list is written as it comes."""
    _write_list(_json({**value, name: None}, indent=2).removesuffix("null\n}"), values)
    results().write("\n}\n")


def _write_list(lead: str, values: Iterable[Any]) -> None:
    """Nothing is written before there is a first value: until then a command may still fail without half an answer."""
    first = True
    for value in values:
        results().write(f"{lead}[\n" if first else ",\n")
        results().write(_json(value, indent=None))
        first = False
    results().write(f"{lead}[]" if first else "\n]")


def as_json_line(value: Any) -> None:
    """One JSON value on one line of stdout."""
    results().write(_json(value, indent=None) + "\n")


def _json(value: Any, *, indent: int | None) -> str:
    value = command_words.reworded(value, _told, COMMANDS_IN) if _tenant else value
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent, default=str)
    if sys.stdout.isatty() and any(shown(line) != line for line in text.split("\n")):
        return json.dumps(value, indent=indent, default=str)  # with JSON's own escapes
    return text
