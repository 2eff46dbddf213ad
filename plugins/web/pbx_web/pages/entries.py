"""One entry of the phone book: all that is known of it, and made, changed and removed by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pbx_connector.api import TARGETS, Change, Entry, UsageError, application
from pbx_web.asking import Ask
from pbx_web.page import Action, Done, NotFound, Page, Shown
from pbx_web.pages.phone_book import OF_FILES, labels_of, visible_entry
from pbx_web.permissions import Role

HISTORY = 50
"""Changes that are shown."""
BLANK_LABELS = 2
"""Lines of a form for labels that the entry does not have yet."""


def show(ask: Ask) -> Shown:
    entry = _entry(ask)
    origin = ask.may(Role.EDITOR)
    giving = [visible_entry(ask, number) for number in entry.merged]
    history = _history(ask, entry.id) if origin else []
    values: dict[str, Any] = {
        "entry": entry,
        "targets": TARGETS,
        "giving": giving,
        "history": history,
        "formats": [each for each in ask.site.installation.plugins.exporters.values() if each.name not in OF_FILES],
    }
    said = application.views.whole_entry(entry, giving, history)
    return Shown(template="entry.html", values=values, json=said if origin else said | {"row": None})


def _entry(ask: Ask) -> Entry:
    try:
        return visible_entry(ask, ask.path["entry"])
    except UsageError:
        raise NotFound(ask.language("There is no such entry.")) from None


def _history(ask: Ask, entry: int) -> Sequence[tuple[str, Change]]:
    """What it said while it was somebody's own is for nobody who may not see that."""
    found = list(ask.store.entry_history(entry, limit=HISTORY))
    return found if ask.sees_personal else [(run, change) for run, change in found if not _is_private(change)]


def _is_private(change: Change) -> bool:
    return any(side is not None and side.account is not None for side in (change.before, change.after))


# --- by hand -----------------------------------------------------------------------------------------------------


def blank(ask: Ask) -> Shown:
    return _form(ask, None, {}, {}, {})


def add(ask: Ask) -> Shown | Done:
    fields, labels = _typed(ask)
    account = ask.text("account") or None
    if account is not None and not ask.sees_personal:
        raise NotFound(ask.language("There is no such account."))
    if faults := application.entries.faults(fields, labels, account=account):
        return _form(ask, None, fields, labels, faults)
    entry = application.entries.add_entry(ask.store, account, fields, labels)
    _note(ask, entry, "added")
    return Done(
        to=f"/phone-book/entries/{entry.id}",
        message=ask.language("The entry is added."),
        json=application.views.entry(entry),
    )


def filled(ask: Ask) -> Shown:
    entry = _by_hand(ask)
    return _form(ask, entry, entry.content.fields, entry.content.labels, {})


def edit(ask: Ask) -> Shown | Done:
    entry = _by_hand(ask)
    fields, labels = _typed(ask)
    if "label" not in ask.form:
        labels = dict(entry.content.labels)
    fields = {**entry.content.fields, **fields}
    if faults := application.entries.faults(fields, labels, held=entry.content):
        return _form(ask, entry, fields, labels, faults)
    taken = {**dict.fromkeys(entry.content.labels, ""), **labels}
    changed = _changed(ask, entry, fields, taken)
    message = ask.language("The entry is changed.") if changed else ask.language("Nothing was changed.")
    return Done(
        to=f"/phone-book/entries/{entry.id}", message=message, json=application.views.entry(ask.store.entry(entry.id))
    )


def _changed(ask: Ask, entry: Entry, fields: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    said = {name: value for name, value in fields.items() if value}
    if (
        said == entry.content.fields
        and {name: value for name, value in labels.items() if value} == entry.content.labels
    ):
        return False
    application.entries.edit_entry(ask.store, entry.id, fields, labels)
    _note(ask, entry, "changed")
    return True


def remove(ask: Ask) -> Done:
    entry = _by_hand(ask)
    ask.store.remove_entry(entry.id)
    _note(ask, entry, "removed")
    message = ask.language("The entry is removed; the list of runs has it, and can take that back.")
    return Done(to="/phone-book", message=message, json=application.views.entry(entry))


def _note(ask: Ask, entry: Entry, what: str) -> None:
    ask.note(application.audit.AuditAction.ENTRY_CHANGED, str(entry.id), detail={"entry": what})


def _by_hand(ask: Ask) -> Entry:
    entry = _entry(ask)
    if entry.origin is not None:
        raise UsageError(f"entry {entry.id} comes from profile {entry.origin.profile}", hint="change it at its source")
    return entry


def _typed(ask: Ask) -> tuple[dict[str, str], dict[str, str]]:
    """Fields and labels of the form; a label without a value goes."""
    given = [target for target in TARGETS if target.name in ask.form]
    fields = {target.name: _one_line(ask.text(target.name), target.kind == "notes") for target in given}
    names, values = ask.form.getlist("label"), ask.form.getlist("value")
    pairs = zip(map(str, names), map(str, values), strict=False)
    return fields, {name.strip(): value.strip() for name, value in pairs if name.strip()}


def _one_line(text: str, is_long: bool) -> str:
    return text.replace("\r\n", "\n").strip() if is_long else text.strip()


def _form(
    ask: Ask, entry: Entry | None, fields: Mapping[str, str], labels: Mapping[str, str], faults: Mapping[str, str]
) -> Shown:
    values: dict[str, Any] = {
        "entry": entry,
        "targets": TARGETS,
        "fields": fields,
        "labels": [*labels.items(), *[("", "")] * BLANK_LABELS],
        "faults": faults,
        "known_labels": labels_of(ask),
        "accounts": ask.store.accounts() if ask.sees_personal and entry is None else [],
        "account": ask.text("account"),
    }
    said = application.views.entry_faults(faults) if faults else application.views.entry_form(fields, labels)
    return Shown(template="entry_form.html", values=values, json=said, status=400 if faults else 200)


PAGES = (
    Page("/phone-book/add", Role.RELEASER, blank),
    Action("/phone-book/add", Role.RELEASER, add, longest=100_000),
    Page("/phone-book/entries/{entry}", Role.READER, show),
    Page("/phone-book/entries/{entry}/edit", Role.RELEASER, filled),
    Action("/phone-book/entries/{entry}/edit", Role.RELEASER, edit, longest=100_000),
    Action("/phone-book/entries/{entry}/remove", Role.RELEASER, remove, longest=20_000),
)
