"""`pbx-connector phonebook add|edit|remove`: entries made by hand, which no run ever touches."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from pbx_connector.cli import output
from pbx_connector.cli.session import Session, StoreOption
from pbx_connector.cli.signatures import option, with_options
from pbx_connector.errors import UsageError
from pbx_connector.plan import Content
from pbx_connector.targets import LABEL_NAME_MAX_LENGTH, LABEL_VALUE_MAX_LENGTH, TARGETS

EntryArgument = Annotated[int, typer.Argument(help="The entry's id.", metavar="ID")]
LabelOption = Annotated[
    list[str] | None, typer.Option("--label", help="NAME=VALUE, or NAME= to remove a label.", metavar="NAME=VALUE")
]

_NUMBER = re.compile(r"(?=.*\d)[\d ()/.*#+-]+((x|ext\.?|DW|Durchwahl) ?\d+)?", re.ASCII | re.IGNORECASE)
"""Also what only a phone system can dial: short numbers and codes."""
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


def add_to(group: typer.Typer) -> None:
    fields = [option(target.name, str, target.title) for target in TARGETS]
    group.command("add")(with_options(add, fields))
    group.command("edit")(with_options(edit, fields))
    group.command("remove")(remove)


def add(
    context: typer.Context,
    account: Annotated[str | None, typer.Option("--account", help="Make it private to this account.")] = None,
    label: LabelOption = None,
    store_url: StoreOption = None,
    **fields: Any,
) -> None:
    """Add an entry by hand."""
    content = Content(account, _with_value(fields), _labels(label or (), {}))
    _check_kinds(content.fields)
    _check(content)
    with Session.of(context, store_url).open_store() as store:
        added = store.add_entry(content)
    output.say(f"entry {added.id} is added")


def edit(
    context: typer.Context,
    entry: EntryArgument,
    label: LabelOption = None,
    store_url: StoreOption = None,
    **fields: Any,
) -> None:
    """Change an entry that was made by hand; an empty value clears a field."""
    given = {name: value for name, value in fields.items() if value is not None}
    _check_kinds(_with_value(given))

    def changed(held: Content) -> Content:
        content = Content(held.account, _with_value({**held.fields, **given}), _labels(label or (), held.labels))
        _check(content)
        if content == held:
            raise UsageError(f"entry {entry} says that already", hint="see: pbx-connector phonebook edit --help")
        return content

    with Session.of(context, store_url).open_store() as store:
        store.edit_entry(entry, changed)
    output.say(f"entry {entry} is changed")


def remove(context: typer.Context, entry: EntryArgument, store_url: StoreOption = None) -> None:
    """Remove an entry that was made by hand."""
    with Session.of(context, store_url).open_store() as store:
        store.remove_entry(entry)
    output.say(f"entry {entry} is removed; pbx-connector history tells how to undo that")


def _with_value(fields: Mapping[str, Any]) -> dict[str, str]:
    return {name: value.strip() for name, value in fields.items() if value is not None and value.strip()}


def _labels(given: Sequence[str], before: Mapping[str, str]) -> dict[str, str]:
    labels = dict(before)
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise UsageError(f"--label {text!r} is not NAME=VALUE")
        labels[name.strip()] = value.strip()
    return {name: value for name, value in labels.items() if value}


def _check_kinds(typed: Mapping[str, str]) -> None:
    """Only what is typed now: what an entry has already is no reason to refuse a change of something else."""
    for target in TARGETS:
        value = typed.get(target.name, "")
        if value and target.kind == "phone" and not _NUMBER.fullmatch(value):
            raise UsageError(
                f"{target.title}: {value!r} is not a telephone number", hint="such as +49 89 99998-190, or 190"
            )
        if value and target.kind == "email" and not _ADDRESS.fullmatch(value):
            raise UsageError(f"{target.title}: {value!r} is not an e-mail address", hint="such as ann@example.com")


def _check(content: Content) -> None:
    """What a person types is refused, not cut."""
    for target in TARGETS:
        value = content.fields.get(target.name, "")
        if target.required and not value:
            raise UsageError(f"--{target.name.replace('_', '-')} is needed: {target.title}")
        if len(value) > target.max_length:
            raise UsageError(f"{target.title} is longer than {target.max_length} characters")
    for name, value in content.labels.items():
        if len(name) > LABEL_NAME_MAX_LENGTH or len(value) > LABEL_VALUE_MAX_LENGTH:
            raise UsageError(
                f"a label has at most {LABEL_NAME_MAX_LENGTH} characters, its value {LABEL_VALUE_MAX_LENGTH}"
            )
