"""`pbx-connector status`: what the service says of itself at /health, for people."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import typer
import urllib3

from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, StoreOption
from pbx_connector.config import split_address
from pbx_connector.duration import roughly
from pbx_connector.errors import EXIT_PARTIAL, EXIT_UNREACHABLE

ANSWER_WITHIN = 10.0


def add_to(app: typer.Typer) -> None:
    app.command("status")(status)


def status(context: typer.Context, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Show how the service and its profiles are; the exit code is 0 only if all is well."""
    session = Session.of(context, store)
    health = _ask(session.config.service.listen)
    if health is None:
        output.complain(f"no service answers at {session.config.service.listen}")
        output.hint("start it with: pbx-connector serve, or: systemctl start pbx-connector")
        raise typer.Exit(EXIT_UNREACHABLE)
    if as_json:
        output.as_json(health)
    else:
        _show(health)
    if not health["ready"]:
        raise typer.Exit(EXIT_UNREACHABLE)
    if any(_trouble(profile) for profile in health["profiles"]):
        raise typer.Exit(EXIT_PARTIAL)


def _ask(listen: str) -> dict[str, Any] | None:
    if listen == "off":
        return None
    host, port = split_address(listen)
    here = f"[{host}]" if ":" in host else host or "127.0.0.1"
    try:
        answer = urllib3.request(
            "GET", f"http://{here}:{port}/health", timeout=urllib3.Timeout(ANSWER_WITHIN), retries=False
        )
        content = json.loads(answer.data)
    except (urllib3.exceptions.HTTPError, ValueError):
        return None
    return content if isinstance(content, dict) and "profiles" in content else None


def _show(health: dict[str, Any]) -> None:
    store, folder = health["store"], health["folder"]
    word = "reachable" if store["reachable"] else f"AWAY ({store.get('reason', '')})"
    output.say(f"store     {output.shown(store['place'])}: {output.shown(word)}")
    output.say(f"profiles  {output.shown(folder['path'])}: {output.shown(folder['trouble'] or 'readable')}")
    output.table(
        "",
        ("profile", "title", "schedule", "next run", "last run", "last success", "trouble"),
        [
            (
                profile["id"],
                profile["title"],
                profile["schedule"] or "by hand only",
                "now" if profile["running"] else _from_now(profile["next"]),
                _last(profile["last_run"]),
                _ago(profile["last_success"]),
                _trouble(profile),
            )
            for profile in health["profiles"]
        ],
    )


def _last(run: dict[str, Any] | None) -> str:
    return f"{run['status']} {_ago(run['started'])}" if run else ""


def _trouble(profile: dict[str, Any]) -> str:
    return profile["broken"] or ("hangs" if profile["hung"] else "") or profile["trouble"] or ""


def _from_now(moment: str | None) -> str:
    if moment is None:
        return ""
    return f"in {roughly(max(datetime.fromisoformat(moment) - datetime.now(UTC), timedelta(0)))}"


def _ago(moment: str | None) -> str:
    return f"{roughly(datetime.now(UTC) - datetime.fromisoformat(moment))} ago" if moment else ""
