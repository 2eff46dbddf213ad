"""`pbx-connector profiles …`: who owns the entries that runs made."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector.application import profiles, views
from pbx_connector.cli import output, reports
from pbx_connector.cli.asking import YesOption, agree
from pbx_connector.cli.commands.profiles_migrate import migrate
from pbx_connector.cli.session import JsonOption, ProfileArgument, Session, StoreOption
from pbx_connector.counting import counted

IdArgument = Annotated[str, typer.Argument(help="The profile's id.", metavar="ID")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The profiles that have run, and what they own.")
    group.command("list")(list_profiles)
    group.command("adopt")(adopt)
    group.command("keep")(keep)
    group.command("remove")(remove)
    group.command("resume")(resume)
    group.command("migrate")(migrate)
    app.add_typer(group, name="profiles")


def list_profiles(context: typer.Context, store_url: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the profiles that the phone book knows."""
    with Session.of(context, store_url).open_store_to_look() as store:
        known = store.profiles()
    if as_json:
        output.as_json([views.profile_state(state) for state in known])
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
    with session.open_store() as store:
        adopted = profiles.adopt(session.installation, store, old, new)
    output.say(
        f"{counted(adopted.entries, 'entry')} of {old} {'belongs' if adopted.entries == 1 else 'belong'} to {new} now"
    )
    if file := adopted.still_run_from:
        output.warn(f"{file} still is profile {old}: its next run would add all entries once more")
        output.hint(f"give it the id: {new}, rename it, or delete it")


def keep(context: typer.Context, profile: ProfileArgument, store_url: StoreOption = None) -> None:
    """Say that a file is a profile of its own, though it looks like one that was renamed or copied."""
    session = Session.of(context, store_url)
    kept = session.load_profile(profile)
    with session.open_store() as store:
        profiles.keep_loaded(session.installation, store, kept)
    output.say(f"{kept.id} is a profile of its own: its next run makes its entries")


def remove(context: typer.Context, id: IdArgument, yes: YesOption = False, store_url: StoreOption = None) -> None:
    """Remove all entries of a profile whose file is gone, after showing what goes."""
    session = Session.of(context, store_url)
    with session.open_store() as store:
        state = profiles.removable(session.installation, store, id)
        if not yes:
            reports.show_records(f"Entries of profile {id}, which would be removed", profiles.removals(store, id))
        agree(f"All of profile {id} would be removed: {counted(state.entries, 'entry')}. Remove?", yes=yes)
        removed = profiles.remove(session.installation, store, id)
    are = "is" if removed == 1 else "are"
    output.say(
        f"{counted(removed, 'entry')} of profile {id} {are} removed; pbx-connector history tells how to undo that"
    )


def resume(context: typer.Context, id: IdArgument, store_url: StoreOption = None) -> None:
    """Let a profile run again after an undo."""
    with Session.of(context, store_url).open_store() as store:
        store.resume_profile(id)
    output.say(f"profile {id} may run again")
