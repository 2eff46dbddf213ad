"""`pbx-connector status`: what the service says at /health, for people; without one, what store and folder say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import typer

from pbx_connector.application import service_health, views
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, StoreOption
from pbx_connector.duration import roughly
from pbx_connector.errors import EXIT_PARTIAL, EXIT_UNREACHABLE

if TYPE_CHECKING:
    from pbx_connector.application.phone_systems import PhoneSystem


def add_to(app: typer.Typer) -> None:
    app.command("status")(status)


def status(context: typer.Context, store_url: StoreOption = None, as_json: JsonOption = False) -> None:
    """Show the state of the service and its profiles; the exit code is 0 only if all is well."""
    session = Session.of(context, store_url)
    if session.phone_system:
        _show_tenant(session.phone_system, as_json=as_json)
        return
    listen = session.config.service.listen
    answer = service_health.ask(listen)
    health = answer or service_health.without_service(session.installation, session.store_url)
    if as_json:
        output.as_json(views.asked_service(listen, health, answers=answer is not None))
    else:
        _show(health)
    if answer is None:
        _say_silent(listen)
    elif not health["ready"] and health["store"]["reachable"] and not health["folder"]["trouble"]:
        output.complain("the service is just starting, or stopping")
        output.hint("ask again in a moment")
    if not health["ready"]:
        raise typer.Exit(EXIT_UNREACHABLE)
    if _suffers(health):
        raise typer.Exit(EXIT_PARTIAL)


def _show_tenant(system: PhoneSystem, *, as_json: bool) -> None:
    from pbx_connector.application.tenant_status import TenantStatus

    found = TenantStatus(system)
    health = views.service_status(found.status(), found.now)
    if as_json:
        output.as_json(views.asked_tenant(system.id, str(found.state), found.tenant.published, health))
    else:
        version = found.tenant.published
        _show(health, f"version {version}, as published" if version else "nothing is published")
    if not health["store"]["reachable"]:
        raise typer.Exit(EXIT_UNREACHABLE)
    if not health["ready"]:
        output.complain(f"tenant {system.id} is {found.state}: no run of it begins")
        output.hint(f"pbx-connector tenants resume {system.id}")
    if not health["ready"] or _suffers(health):
        raise typer.Exit(EXIT_PARTIAL)


def _suffers(health: dict[str, Any]) -> bool:
    if any(_trouble(profile) for profile in health["profiles"]) or _faults(health):
        return True
    return any(server["reason"] for server in _servers(health))


def _say_silent(listen: str) -> None:
    if listen == "off":
        output.complain(
            "the service cannot be asked: service: listen is off; this is what the store and the folder say"
        )
        output.hint("set service: listen: 127.0.0.1:9464 in config.yaml and restart the service")
        return
    output.complain(
        f"no service answers at {listen}: nothing runs by itself; this is what the store and the folder say"
    )
    output.hint("start it with: pbx-connector serve, or: systemctl start pbx-connector")


def _show(health: dict[str, Any], published: str = "") -> None:
    """`published`: what is published for a tenant, in words; its profiles are in no folder."""
    store, folder = health["store"], health["folder"]
    word = "reachable" if store["reachable"] else f"UNREACHABLE ({store.get('reason', '')})"
    output.say(f"store     {output.shown(store['place'])}: {output.shown(word)}")
    for fault in _faults(health):
        output.say(f"          DAMAGED: {output.shown(fault)}; next: pbx-connector store check")
    where = f"{output.shown(folder['path'])}: {output.shown(folder['trouble'] or 'readable')}"
    output.say(f"profiles  {published or where}")
    output.table(
        "",
        ("profile", "title", "schedule", "next run", "last run", "last success", "trouble"),
        [
            (
                profile["id"],
                profile["title"],
                profile["schedule"] or ("" if profile["broken"] else "by hand only"),
                "now" if profile["running"] else _from_now(profile["next"]),
                _last(profile["last_run"]),
                _ago(profile["last_success"]),
                _trouble(profile),
            )
            for profile in health["profiles"]
        ],
    )
    if not health["profiles"] and not published:
        output.say(f"no profile is in {output.shown(folder['path'])}")
    _show_set_back(health["profiles"])
    _show_waiting(health)
    for server in _servers(health):
        output.say(output.shown(f"server    {server['name']}: {_serving(server)}"))
    for profile in health["profiles"]:
        if _trouble(profile) and profile["last_run"] and profile["last_run"].get("reason"):
            output.say(output.shown(f"{profile['id']}: {profile['last_run']['reason']}"))


def _show_waiting(health: dict[str, Any]) -> None:
    """What a person has to decide; a service of an earlier version does not say."""
    for profile in health["profiles"]:
        if profile.get("held"):
            output.say(output.shown(f"{profile['id']} is held; next: {profile['held']}"))
        if undelivered := profile.get("undelivered"):
            told = f"{undelivered['messages']} not delivered by {undelivered['notifier']}: {undelivered['reason']}"
            output.say(output.shown(f"{profile['id']}: messages: {told}; next: pbx-connector notify test"))
    for orphan in health.get("orphans", []):
        entries = f"{orphan['entries']} entr{'y' if orphan['entries'] == 1 else 'ies'}"
        output.say(output.shown(f"{orphan['id']}: {entries}, file gone; next: pbx-connector profiles adopt or remove"))


def _show_set_back(profiles: list[dict[str, Any]]) -> None:
    """The clock; a service of an earlier version does not say."""
    ahead = [profile for profile in profiles if profile.get("set_back")]
    if ahead:
        first = ahead[0]["set_back"]
        by = datetime.fromisoformat(first["from"]) - datetime.fromisoformat(first["seen"])
        output.say(
            f"clock     was set back by {roughly(by)}: what was later than now for {len(ahead)} of the profiles "
            f"counts as made at {first['seen']}, and their schedules go on from there"
        )


def _faults(health: dict[str, Any]) -> list[str]:
    """A service of an earlier version does not say, and nobody knows before the first check."""
    return health["store"].get("faults") or []


def _servers(health: dict[str, Any]) -> list[dict[str, Any]]:
    """A service of an earlier version knows of none."""
    servers: list[dict[str, Any]] = health.get("servers", [])
    return servers


def _serving(server: dict[str, Any]) -> str:
    return f"NOT SERVING ({server['reason']})" if server["reason"] else server["address"] or "is starting"


def _last(run: dict[str, Any] | None) -> str:
    return f"{run['status']} {_ago(run['started'])}" if run else ""


def _trouble(profile: dict[str, Any]) -> str:
    held = "held" if profile.get("held") else ""
    return profile["broken"] or ("hangs" if profile["hung"] else "") or held or profile["trouble"] or ""


def _from_now(moment: str | None) -> str:
    if moment is None:
        return ""
    left = datetime.fromisoformat(moment) - datetime.now(UTC)
    return f"in {roughly(left)}" if left > timedelta(0) else f"due {roughly(-left)} ago"


def _ago(moment: str | None) -> str:
    return f"{roughly(datetime.now(UTC) - datetime.fromisoformat(moment))} ago" if moment else ""
