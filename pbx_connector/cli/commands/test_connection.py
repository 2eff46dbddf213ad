"""`pbx-connector test-connection PROFILE`: the way to the source, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, ProfileArgument, Session, StoreOption
from pbx_connector.errors import EXIT_UNREACHABLE, ConnectorError
from pbx_connector.model import Problem
from pbx_connector.profile import Profile, load_profile
from pbx_connector.source import Check, SourceContext


def add_to(app: typer.Typer) -> None:
    app.command("test-connection")(try_connection)


def try_connection(
    context: typer.Context, profile: ProfileArgument, store_url: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Connect to the source step by step, and say what works, what does not, and what to do about it."""
    session = Session.of(context, store_url)
    loaded = load_profile(profile, session.plugins)
    with session.open_store() as store:
        opening = SourceContext(store.accounts(), loaded.fields)
    checks = []
    for check in _walk(loaded, opening):
        checks.append(check)
        if not as_json:
            _show(check)
    if as_json:
        output.as_json([_as_json(check) for check in checks])
    if any(check.failed for check in checks):
        raise typer.Exit(EXIT_UNREACHABLE)


def _walk(profile: Profile, context: SourceContext) -> Iterator[Check]:
    if profile.source.test_connection is not None:
        yield from profile.source.test_connection(profile.settings, context)
        return
    try:
        with profile.source.open(profile.settings, context):
            yield Check("source", detail="it opens")
    except ConnectorError as error:
        yield Check("source", Problem(error.code, error.message, hint=error.hint))


def _show(check: Check) -> None:
    word, style = ("failed", "red") if check.failed else ("warning", "yellow") if check.problem else ("ok", "green")
    said = [check.problem.message if check.problem else "", check.detail]
    output.say(f"{word:8}{output.shown(check.step)}: {output.shown('; '.join(filter(None, said)))}", style=style)
    if check.problem and check.problem.hint:
        output.say(f"{'':8}what to do: {output.shown(check.problem.hint)}")


def _as_json(check: Check) -> dict[str, Any]:
    problem = check.problem
    found = {"step": check.step, "ok": not check.failed, "detail": check.detail}
    if problem is None:
        return found
    return found | {
        "code": problem.code,
        "message": problem.message,
        "severity": problem.severity,
        "hint": problem.hint,
    }
