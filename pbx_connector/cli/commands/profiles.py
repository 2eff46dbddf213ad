"""`pbx-connector profiles …`: who owns the entries that runs made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from pbx_connector.cli import output, reports
from pbx_connector.cli.asking import YesOption, agree
from pbx_connector.cli.session import JsonOption, Session, StoreOption
from pbx_connector.errors import UsageError
from pbx_connector.notifications.outbox import Outbox
from pbx_connector.plan import Action, Change
from pbx_connector.plugins import Plugins
from pbx_connector.profile import ProfileId, check_profile
from pbx_connector.service.claims import forget as forget_claims
from pbx_connector.stores import ProfileState, Store

IdArgument = Annotated[str, typer.Argument(help="The profile's id.", metavar="ID")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The profiles that have run, and what they own.")
    group.command("list")(list_profiles)
    group.command("adopt")(adopt)
    group.command("remove")(remove)
    group.command("resume")(resume)
    app.add_typer(group, name="profiles")


def list_profiles(context: typer.Context, store_url: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the profiles that the phone book knows."""
    with Session.of(context, store_url).open_store() as store:
        known = store.profiles()
    if as_json:
        output.as_json(
            [
                {
                    "id": state.id,
                    "title": state.title,
                    "entries": state.entries,
                    "books": state.books,
                    "held": state.held,
                    "file": state.file,
                    "last_run": state.last.id if state.last else None,
                    "last_status": str(state.last.report.status) if state.last else None,
                }
                for state in known
            ]
        )
        return
    rows = [
        (
            state.id,
            state.title,
            str(state.entries),
            str(state.books),
            str(state.last.report.status) if state.last else "",
            f"held after undo {state.held}" if state.held else "",
        )
        for state in known
    ]
    if rows:
        output.table("", ("id", "title", "entries", "address books", "last run", ""), rows)
    else:
        output.say("no profile has run yet")


def adopt(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="The id that owns the entries.")],
    new: Annotated[str, typer.Argument(help="The id that will own them.")],
    store_url: StoreOption = None,
) -> None:
    """Hand everything that one profile owns to another, after a file was renamed."""
    session = Session.of(context, store_url)
    _check_id(new)
    with session.open_store() as store:
        file = _still_run_from(_known(store, old), session.plugins)
        entries = store.adopt_profile(old, new)
        forget_claims(store, old)
        _outbox(session, store).adopt(old, new)
    output.say(f"{entries} entries of {old} belong to {new} now")
    if file:
        output.warn(f"{file} still is profile {old}: its next run would add all entries once more")
        output.hint(f"give it the id: {new}, rename it, or delete it")


def remove(context: typer.Context, id: IdArgument, yes: YesOption = False, store_url: StoreOption = None) -> None:
    """Remove all entries of a profile whose file is gone, after showing what goes."""
    session = Session.of(context, store_url)
    with session.open_store() as store:
        state = _known(store, id)
        if file := _still_run_from(state, session.plugins):
            raise UsageError(
                f"profile {id} is run from {file}: its next run would create all entries again, with other ids",
                hint="delete that file first, or move it elsewhere",
            )
        if not yes:
            reports.show_records(f"Entries of profile {id}, which would be removed", _removals(store, id))
        agree(f"All {state.entries} entries of profile {id} would be removed. Remove?", yes=yes)
        removed = store.remove_profile(id)
        forget_claims(store, id)
        _outbox(session, store).forget(id)
    output.say(f"{removed} entries of profile {id} are removed; pbx-connector history tells how to undo that")


def resume(context: typer.Context, id: IdArgument, store_url: StoreOption = None) -> None:
    """Let a profile run again after an undo."""
    with Session.of(context, store_url).open_store() as store:
        store.resume_profile(id)
    output.say(f"profile {id} may run again")


def _outbox(session: Session, store: Store) -> Outbox:
    return Outbox(store, {}, session.config, lambda: datetime.now(UTC))


def _check_id(id: str) -> None:
    """Raises `UsageError` for an id that no file can have."""
    try:
        TypeAdapter(ProfileId).validate_python(id)
    except ValidationError:
        raise UsageError(
            f"{id!r} cannot be the id of a profile", hint="letters, digits, dots, hyphens and underscores, 100 at most"
        ) from None


def _known(store: Store, id: str) -> ProfileState:
    """Raises `UsageError` for a profile that has never run."""
    for state in store.profiles():
        if state.id == id:
            return state
    raise UsageError(f"no profile {id} has run on this store", hint="see: pbx-connector profiles list")


def _still_run_from(state: ProfileState, plugins: Plugins) -> str | None:
    """The file, if it is there and has this id still; one that cannot be read counts as it."""
    if state.file is None or not Path(state.file).exists():
        return None
    found = check_profile(Path(state.file), plugins).profile
    return state.file if found is None or found.id == state.id else None


def _removals(store: Store, id: str) -> Iterator[Change]:
    """As many as are shown, and one more, which says that there are more."""
    mine = (entry for entry in store.entries() if entry.origin and entry.origin.profile == id)
    for entry in islice(mine, reports.FIRST + 1):
        yield Change(Action.REMOVE, entry.id, entry.origin.book.title if entry.origin else "", entry.content, None)
