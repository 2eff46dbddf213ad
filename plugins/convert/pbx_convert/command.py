"""`pbx-connector convert`: reads, converts, writes, and tells what could not be said."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pbx_connector.api import Checked, PluginContext, SourceType, UsageError, application
from pbx_convert import profile_text
from pbx_convert.conversion import Conversion, convert, summary
from pbx_convert.findings import MEANING, Note
from pbx_convert.originals import read_original

MOST_TESTS = 50
STANDARD_FIELDS = frozenset({"DisplayName", "PhoneNumbers_BusinessPhone"})
"""A source that has these has those of the Exchange template."""
EXIT_UNSAID = 1

Paths = Annotated[list[Path], typer.Argument(help="A folder, or files, with what the original's tabs hold.")]
SourceOption = Annotated[str, typer.Option("--source", help="The source of the new profile.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Where to write the profile; default: standard output.")]
RowsOption = Annotated[Path | None, typer.Option("--rows", help="Rows to make tests of; needs --out.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]


def load() -> typer.Typer:
    app = typer.Typer()

    @app.command()
    def convert(
        context: typer.Context,
        original: Paths,
        source: SourceOption = "exchange",
        out: OutOption = None,
        rows: RowsOption = None,
        as_json: JsonOption = False,
    ) -> None:
        """Make a profile of the PHP and the JSON template of the original."""
        _convert(context.obj, original, source, out, rows, as_json=as_json)

    return app


def _convert(
    context: PluginContext, paths: Sequence[Path], name: str, out: Path | None, rows: Path | None, *, as_json: bool
) -> None:
    source = _source(context, name)
    if rows and not out:
        raise UsageError("--rows needs --out", hint="name the file of the new profile with --out")
    if out:
        application.templates.check_target(out)
    original = read_original(paths)
    fields = frozenset(source.fields.names())
    if not (original.structure or fields >= STANDARD_FIELDS):
        raise UsageError("the structure is missing", hint="give it too: only that of the Exchange template is known")
    made = convert(original, fields)
    title = original.title or (paths[0].resolve().stem if len(paths) == 1 else "Contacts")
    text = profile_text.profile_text(
        source, title=title, mode=original.mode, rules=made.rules, structure=made.structure
    )
    checked = application.profiles.check_text(context.installation, text, out or Path("profile.yaml"))
    if out:
        _write(out, text)
    tests = _tests(context, out, rows) if rows and out and checked.profile else []
    if rows and not checked.profile:
        typer.echo(f"no tests are made of {rows}: the profile does not pass the check yet", err=True)
    if out and tests:
        text = profile_text.with_tests(text, tests)
        _write(out, text)
    _report(made, checked, text, out, len(tests), as_json=as_json)
    if made.unsaid or checked.profile is None:
        raise typer.Exit(EXIT_UNSAID)


def _source(context: PluginContext, name: str) -> SourceType:
    sources: Mapping[str, SourceType] = context.installation.plugins.sources
    if name not in sources:
        raise UsageError(f"there is no source {name!r}", hint="pbx-connector sources lists them")
    return sources[name]


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}", hint="name another with --out") from None


def _tests(context: PluginContext, profile: Path, rows: Path) -> list[dict[str, Any]]:
    """What the new profile makes of these rows, kept as its tests."""
    trial = application.trials.Trial(application.profiles.load_whole(context.installation, profile), rows)
    tests: list[dict[str, Any]] = []
    for tried in trial.mapped():
        if len(tests) == MOST_TESTS:
            break
        seen = application.views.mapped_row(tried)
        if not seen["problems"]:
            tests.append({"row": seen["row"], "expect": _expected(seen)})
    return tests


def _expected(seen: Mapping[str, Any]) -> Any:
    if seen["skipped"] is not None:
        return {"skipped": seen["skipped"]}
    records = [{**one["fields"], **({"labels": one["labels"]} if one["labels"] else {})} for one in seen["records"]]
    return records[0] if len(records) == 1 else records


def _report(made: Conversion, checked: Checked, text: str, out: Path | None, tests: int, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_as_json(made, checked, text, out, tests), indent=2, ensure_ascii=False))
        return
    if out is None:
        typer.echo(text, nl=False)
    for line in _lines(made, checked, out, tests):
        typer.echo(profile_text.printable(line), err=out is None)


def _as_json(made: Conversion, checked: Checked, text: str, out: Path | None, tests: int) -> dict[str, Any]:
    return {
        "file": str(out) if out else None,
        "profile": text,
        "unsaid": [{"what": one.what, "line": one.line, "reason": one.reason, "text": one.text} for one in made.unsaid],
        "differences": [
            {"kind": str(one.kind), "what": one.what, "line": one.line, "message": one.message} for one in made.notes
        ],
        "suggestions": [{"what": one.what, "message": one.message} for one in made.suggestions],
        "unused": made.unused,
        "renamed": made.renamed,
        "assumed": made.assumed,
        "tests": tests,
        "findings": [application.views.diagnostic(found) for found in checked.diagnostics],
    }


def _lines(made: Conversion, checked: Checked, out: Path | None, tests: int) -> list[str]:
    """For people."""
    lines = [f"{out} is written{f', with {tests} tests' if tests else ''}."] if out else []
    lines += [f"not converted: {one.what}, line {one.line}: {one.reason}" for one in made.unsaid]
    for kind, notes in summary(made.notes).items():
        places = ", ".join(dict.fromkeys(_place(note) for note in notes))
        lines.append(f"may differ [{kind}]: {MEANING[kind]} ({places})")
    lines += [f"suggestion: {one.what}: {one.message}" for one in made.suggestions]
    lines += [f"renamed: {old} is {new} now" for old, new in made.renamed.items()]
    if made.unused:
        lines.append(f"left out, as the structure does not use them: {', '.join(made.unused)}")
    if made.assumed:
        lines.append(f"no variables, and so taken for fields of the source: {', '.join(made.assumed)}")
    return [*lines, *_findings(checked)]


def _place(note: Note) -> str:
    return "all rules" if note.what == "rules" else f"{note.what} line {note.line}"


def _findings(checked: Checked) -> list[str]:
    lines = []
    for found in checked.diagnostics:
        if "not_converted" not in found.message:
            lines.append(f"{found.severity}[{found.code}]: line {found.span.line}: {found.message}")
            lines += [f"  hint: {found.hint}"] if found.hint else []
    if checked.profile is None:
        lines.append("the profile does not pass `pbx-connector check` yet")
    return lines
