"""How a run's report and plan look on a terminal; shared by `simulate`, `run` and the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from rich.text import Text

from pbx_connector.application import views
from pbx_connector.cli import entries, output
from pbx_connector.counting import counted
from pbx_connector.model import BookStatus, Counts, Report
from pbx_connector.plan import Action, Change, FieldChange, PlanSummary

if TYPE_CHECKING:
    from pbx_connector.stores.persons import Candidate, GivesWay

FIRST = 500
"""As many records a person is shown."""

MANY_BOOKS = 30
"""With more address books than this, only those that are not done are listed."""

_STYLES = {Action.ADD: "green", Action.UPDATE: "yellow", Action.REMOVE: "red", Action.MOVE: "cyan", Action.KEEP: "dim"}


def show_report(report: Report) -> None:
    """Books, counts and what was skipped on stdout; problems and warnings on stderr."""
    shown = report.books
    if len(shown) > MANY_BOOKS:
        shown = tuple(book for book in shown if book.status is not BookStatus.DONE)
        output.say(f"{counted(len(report.books) - len(shown), 'address book')} done; --json lists all")
    output.table(
        "Address books",
        ("address book", "kind", "account", "status", "rows"),
        [(b.book.title, b.book.kind, b.book.account or "", str(b.status), str(b.rows)) for b in shown],
    )
    for reason, rows in report.skipped.items():
        output.say(f"skipped {rows}: {output.shown(reason)}")
    output.problems(report.problems)
    output.problems(report.warnings)
    output.say(f"{report.status}: {counts_in_words(report.counts)}", style="bold")


def show_totals(plan: PlanSummary) -> None:
    parts = [f"{plan.added} to add", f"{plan.updated} to change", f"{plan.removed} to remove"]
    parts += [f"{plan.moved} to move"] if plan.moved else []
    output.say(", ".join(parts), style="bold")


def counts_in_words(counts: Counts) -> str:
    merged = [name for name in views.MERGE_COUNTS if getattr(counts, name)]
    return ", ".join(_counted(getattr(counts, name), name) for name in (*views.COUNTS, *merged))


def _counted(many: int, name: str) -> str:
    return counted(many, name.removesuffix("s")) if name in ("rows", "problems") else f"{many} {name.replace('_', ' ')}"


def show_giving_way(giving: Sequence[GivesWay]) -> None:
    """Entries that would be shown by another profile's from now on."""
    if not giving:
        return
    rows = [(*_who(each.entry), *_who(each.to), ", ".join(each.fills)) for each in giving[:FIRST]]
    output.table("Giving way", ("entry", "of", "to entry", "of", "whose blanks it fills"), rows)
    if len(giving) > FIRST:
        output.say(f"… and more; these are the first {FIRST}, --json lists all")


def _who(entry: Candidate) -> tuple[str, str]:
    return (entry.name if entry.is_new else f"{entry.entry} {entry.name}"), entry.profile


def show_records(title: str, records: Iterable[Change]) -> None:
    """The first records as a table, with account and labels; changed fields show old → new."""
    first, more = _first(records)
    entries.show(title, "", [_line(change) for change in first])
    if more:
        output.say(f"… and more; these are the first {FIRST}, --json lists all")


def _first(records: Iterable[Change]) -> tuple[list[Change], bool]:
    stream: Iterator[Change] = iter(records)
    first = list(islice(stream, FIRST))
    return first, next(stream, None) is not None


def _line(change: Change) -> entries.Line:
    content = change.content
    changed = {field.name: _arrow(field) for field in change.fields()} if change.action is Action.UPDATE else {}
    labels = {f"label {name}": text for name, text in entries.plain(content.labels).items()}
    labels |= {name: text for name, text in changed.items() if name.startswith("label ")}
    return entries.Line(
        lead=Text(str(change.action), style=_STYLES[change.action]),
        account=changed.get("account", output.shown(content.account or "")),
        fields={**entries.plain(content.fields), **changed},
        labels=Text(", ").join(
            Text.assemble(f"{output.shown(name.removeprefix('label '))}: ", text) for name, text in labels.items()
        ),
    )


def _arrow(field: FieldChange) -> Text:
    old, new = (output.shown(value) if value else "(blank)" for value in (field.old, field.new))
    return Text(f"{old} → {new}", style="yellow")
