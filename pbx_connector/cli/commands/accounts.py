"""`pbx-connector accounts …`: the phone system's users, whose own contacts become private entries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pbx_connector.application import views
from pbx_connector.application.account_checks import check_removals
from pbx_connector.application.account_files import read_accounts
from pbx_connector.application.accounts import PlannedImport, add_account, import_accounts, known_account, plan_import
from pbx_connector.cli import output
from pbx_connector.cli.asking import YesOption, agree
from pbx_connector.cli.session import JsonOption, Session, StoreOption
from pbx_connector.counting import counted


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The phone system's users.")
    group.command("add")(add)
    group.command("list")(list_accounts)
    group.command("import")(import_file)
    group.command("remove")(remove)
    app.add_typer(group, name="accounts")


def add(
    context: typer.Context,
    id: Annotated[str, typer.Argument(help="The account's id in the phone system.", metavar="ID")],
    username: Annotated[str, typer.Option(help="The name that the user logs in with.")] = "",
    email: Annotated[str, typer.Option(help="The address of the user's mailbox.")] = "",
    store_url: StoreOption = None,
) -> None:
    """Add one account."""
    with Session.of(context, store_url).open_store() as store:
        added, doubts = add_account(store, id, username, email)
    for doubt in doubts:
        output.warn(doubt)
    output.say(f"account {added.id} is added")


def list_accounts(context: typer.Context, store_url: StoreOption = None, as_json: JsonOption = False) -> None:
    """List all accounts."""
    with Session.of(context, store_url).open_store_to_look() as store:
        accounts = store.accounts()
    if as_json:
        output.as_json([views.account(account) for account in accounts])
    elif accounts:
        output.table("", ("id", "user name", "e-mail"), [(a.id, a.username, a.email) for a in accounts])
    else:
        output.say("no accounts yet: pbx-connector accounts add ID --username NAME --email ADDRESS")


def import_file(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV with the columns id, username, email (or Benutzername, E-Mail, extension and the like); or JSON.",
            metavar="FILE",
        ),
    ],
    remove_missing: Annotated[
        bool, typer.Option("--remove-missing", help="Also remove the accounts that are not in the file.")
    ] = False,
    remove_at_most: Annotated[
        int | None,
        typer.Option("--remove-at-most", help="How many may go; default: 10, or a fifth of them.", metavar="N", min=0),
    ] = None,
    yes: YesOption = False,
    store_url: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add and update accounts from a file."""
    accounts = read_accounts(file, output.note)
    with Session.of(context, store_url).open_store() as store:
        planned = plan_import(store, accounts, remove_missing=remove_missing)
        for doubt in planned.doubts:
            output.warn(doubt)
        _agree_to_removals(planned, remove_at_most, yes=yes)
        done = import_accounts(store, planned, remove_at_most=remove_at_most)
    if as_json:
        output.as_json(views.account_import(done))
        return
    output.say(f"{len(done.added)} added, {len(done.updated)} updated, {len(done.removed)} removed")


def remove(
    context: typer.Context,
    id: Annotated[str, typer.Argument(help="The account's id.", metavar="ID")],
    yes: YesOption = False,
    store_url: StoreOption = None,
) -> None:
    """Remove an account; its private entries go with it, and company entries made from its own contacts."""
    with Session.of(context, store_url).open_store() as store:
        known_account(store, id)
        agree(f"account {id} and its {counted(store.count_account_entries(id), 'entry')} go. Remove?", yes=yes)
        removed = store.remove_account(id)
    output.say(f"account {id} and its {counted(removed, 'entry')} are removed")


def _agree_to_removals(planned: PlannedImport, remove_at_most: int | None, *, yes: bool) -> None:
    """Show what goes before it goes."""
    removed = planned.changes.removed
    if removed:
        goes = [(account.id, account.username, account.email) for account in removed]
        output.table("These accounts would be removed:", ("id", "user name", "e-mail"), goes, err=True)
        check_removals(planned.changes, planned.held, remove_at_most)
        agree(
            f"{counted(len(goes), 'account')} and {counted(planned.changes.entries, 'entry')} of theirs go. Remove?",
            yes=yes,
        )
