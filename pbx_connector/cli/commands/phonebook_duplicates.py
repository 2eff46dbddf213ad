"""`pbx-connector phonebook duplicates`: who is in the company's phone book through more than one profile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import typer

from pbx_connector.application import views
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, StoreOption
from pbx_connector.counting import counted

if TYPE_CHECKING:
    from pbx_connector.stores.persons import Ambiguous, Evidence, Person


def add_to(group: typer.Typer) -> None:
    group.command("duplicates")(duplicates)


def duplicates(context: typer.Context, store_url: StoreOption = None, as_json: JsonOption = False) -> None:
    """List company entries of different profiles that are one person: same e-mail address or number."""
    with Session.of(context, store_url).open_store_to_look() as store:
        found = store.duplicates()
    if as_json:
        output.as_json(views.duplicates(found))
        return
    if found.persons:
        output.table("", ("", "id", "name", "profile", "shown by", "because of"), _rows(found.persons))
    output.say(
        f"{counted(len(found.persons), 'person')} {'is' if len(found.persons) == 1 else 'are'} in several profiles"
    )
    _show_ambiguous(found.ambiguous)


def _rows(persons: Iterable[Person]) -> Iterator[tuple[str, ...]]:
    for number, person in enumerate(persons, 1):
        because = ", ".join(what.value for what in person.because)
        towards = {link.entry: link.shown for link in person.links}
        for position, entry in enumerate(person.entries):
            lead, reason = ("", "") if position else (str(number), because)
            shown = str(towards.get(entry.entry, ""))
            yield lead, str(entry.entry), entry.name, entry.profile, shown, reason


def _show_ambiguous(found: Iterable[Ambiguous]) -> None:
    for one in found:
        many = f"{one.entries} entries have it, several of them of one profile"
        output.note(f"{_words(one.evidence)} tells nobody apart: {many}")


def _words(what: Evidence) -> str:
    return ("e-mail address " if what.kind == "email" else "number ") + what.value
