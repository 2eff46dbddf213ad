"""Every JSON shape of the product, once: what `--json` prints, what pages and plugins answer. Fields are only added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pbx_connector.errors import ConnectorError, PlanRefused, ProfileError
from pbx_connector.model import Counts, Problem, Report, RunStatus

if TYPE_CHECKING:  # a view looks at what is there: it loads nothing that a command does not use
    from pbx_rules import Diagnostic, Function, Parameter, Step

    from pbx_connector.application.accounts import PlannedImport
    from pbx_connector.application.attention import Concern
    from pbx_connector.application.configuration import AppliedSetting
    from pbx_connector.application.devices import MadeDevice
    from pbx_connector.application.migration import ProfileMigration
    from pbx_connector.application.schedules import Automated, ScheduledProfile
    from pbx_connector.application.simulations import Simulation
    from pbx_connector.application.status import ProfileStatus, ServerStatus, ServiceStatus
    from pbx_connector.application.tally import Day
    from pbx_connector.application.trials import TriedRow
    from pbx_connector.application.upkeep import StoreCheck
    from pbx_connector.model import Account, BookReport
    from pbx_connector.plan import Change
    from pbx_connector.profile import Case, Checked, Difference, LoadedProfile
    from pbx_connector.source import Check, Field, SourceType
    from pbx_connector.stores import (
        AccountImport,
        Device,
        Entry,
        KeptPlan,
        Label,
        Match,
        ProfileState,
        RunRecord,
        Undone,
    )
    from pbx_connector.stores.persons import Candidate, Duplicates, Evidence, GivesWay, Person
    from pbx_connector.targets import Target

Json = dict[str, Any]

COUNTS = ("rows", "added", "updated", "removed", "unchanged", "skipped", "problems")
"""The counts of a report, in the order in which they are shown."""
MERGE_COUNTS = ("given_way", "came_back")
"""Shown where there are some."""

# --- runs --------------------------------------------------------------------------------------------------------


def report(of: Report) -> Json:
    return {
        "run": of.run,
        "profile": of.profile,
        "status": str(of.status),
        "counts": {name: getattr(of.counts, name) for name in (*COUNTS, *MERGE_COUNTS)},
        "books": [_book(book) for book in of.books],
        "problems": [problem(one) for one in of.problems],
        "warnings": [problem(one) for one in of.warnings],
        "skipped": dict(of.skipped),
        "started": of.started.isoformat() if of.started else None,
        "duration": round(of.duration, 3),
    }


def refused_report(of: Report, refused: PlanRefused) -> Json:
    return report(of) | {"plan": refused.plan, "reasons": list(refused.reasons)}


def simulation(of: Simulation) -> Json:
    """Without its records, of which there may be many: each has the shape of a `change`."""
    giving = [gives_way(each) for each in of.shift.giving]
    return report(of.report) | {"plan": of.plan, "reasons": list(of.reasons), "giving_way": giving}


def gives_way(of: GivesWay) -> Json:
    """An entry that a run would add has no id yet."""
    return {"entry": _candidate(of.entry), "to": _candidate(of.to), "fills": list(of.fills)}


def _candidate(of: Candidate) -> Json:
    return {"id": None if of.is_new else of.entry, "display_name": of.name, "profile": of.profile}


def failed_report(profile: str, error: ConnectorError) -> Json:
    """The report of a run that came to nothing, for programs that read JSON."""
    empty = Report(run="", profile=profile, status=RunStatus.FAILED, counts=Counts(problems=1))
    problems = [{"code": error.code, "severity": "error", "message": error.message, "where": "", "hint": error.hint}]
    if isinstance(error, ProfileError) and error.diagnostics:
        problems = [
            {
                "code": found.code,
                "severity": found.severity,
                "message": found.message,
                "where": f"{found.file}:{found.span.line}:{found.span.column}",
                "hint": found.hint,
            }
            for found in error.diagnostics
        ]
    return report(empty) | {"run": None, "problems": problems}


def problem(of: Problem) -> Json:
    told = {"code": of.code, "severity": of.severity, "message": of.message, "where": of.where, "hint": of.hint}
    told |= {name: text for name, text in (("contact", of.contact), ("value", of.value)) if text}
    return told | ({"count": of.count} if of.count > 1 else {})


def _book(of: BookReport) -> Json:
    book = of.book
    return {
        "id": book.id,
        "title": book.title,
        "kind": book.kind,
        "account": book.account,
        "status": str(of.status),
        "rows": of.rows,
    }


def change(of: Change) -> Json:
    content = of.content
    return {
        "action": str(of.action),
        "entry": of.entry,
        "book": of.book,
        "account": content.account,
        "fields": dict(content.fields),
        "labels": dict(content.labels),
        "changes": [{"field": field.name, "old": field.old, "new": field.new} for field in of.fields()],
    }


def run_record(of: RunRecord) -> Json:
    return report(of.report) | {
        "kind": str(of.kind),
        "note": of.note,
        "undone_by": of.undone_by,
        "released": of.released,
    }


def kept_plan(of: KeptPlan) -> Json:
    return {
        "plan": of.id,
        "profile": of.profile,
        "made": of.made.isoformat(),
        "digest": of.digest,
        "reasons": list(of.reasons),
        "used": of.used,
    }


def undone(of: Undone) -> Json:
    left = [{"entry": one.entry, "account": one.account, "reason": one.reason} for one in of.left]
    return {"run": of.run or None, "changes": of.changes, "left": left, "held": of.held}


def check(of: Check) -> Json:
    found: Json = {"step": of.step, "ok": not of.failed, "detail": of.detail}
    if of.problem is None:
        return found
    return found | {
        "code": of.problem.code,
        "message": of.problem.message,
        "severity": of.problem.severity,
        "hint": of.problem.hint,
    }


# --- the phone book ----------------------------------------------------------------------------------------------


def entry(of: Entry) -> Json:
    origin = of.origin
    return {
        "id": of.id,
        "account": of.content.account,
        "fields": dict(of.content.fields),
        "labels": dict(of.content.labels),
        "profile": origin.profile if origin else None,
        "book": origin.book.title if origin else None,
        "merged": list(of.merged),
        "gives_way_to": of.gives_way_to,
    }


def found_entries(
    entries: Sequence[Entry], following: int | None, callers: Sequence[Match] = (), total: int | None = None
) -> Json:
    """A page of the phone book; `following` is the entry behind which the next one begins, None on the last."""
    return {
        "entries": [entry(each) for each in entries],
        "next": following,
        "callers": [match(each) for each in callers],
        "total": total,
    }


def whole_entry(of: Entry, giving_way: Sequence[Entry], history: Sequence[tuple[str, Change]]) -> Json:
    """With the entries that give way to it, and its changes with their runs, the newest first."""
    return entry(of) | {
        "row": of.origin.row if of.origin else None,
        "giving_way": [entry(each) for each in giving_way],
        "history": [change(each) | {"run": run} for run, each in history],
    }


def entry_form(fields: Mapping[str, str], labels: Mapping[str, str]) -> Json:
    """What an entry made by hand says, as it is changed."""
    return {"fields": dict(fields), "labels": dict(labels)}


def entry_faults(faults: Mapping[str, str]) -> Json:
    """By field, or `label NAME`."""
    return {"error": {"message": "the entry cannot be written so", "hint": None, "fields": dict(faults)}}


def match(of: Match) -> Json:
    content = of.entry.content
    return {
        "id": of.entry.id,
        "account": content.account,
        "display_name": content.fields.get("display_name", ""),
        "field": of.field,
        "number": of.number,
        "labels": dict(content.labels),
        "switchboard": of.switchboard,
    }


def duplicates(of: Duplicates) -> Json:
    return {
        "persons": [_person(each) for each in of.persons],
        "ambiguous": [_evidence(each.evidence) | {"entries": each.entries} for each in of.ambiguous],
    }


def _person(of: Person) -> Json:
    towards = {link.entry: link.shown for link in of.links}
    entries = [
        _candidate(each) | {"fields": dict(each.fields), "gives_way_to": towards.get(each.entry)} for each in of.entries
    ]
    return {"entries": entries, "because": [_evidence(each) for each in of.because]}


def _evidence(of: Evidence) -> Json:
    return {"kind": of.kind, "value": of.value}


def label(of: Label) -> Json:
    return {"name": of.name, "entries": of.entries}


def account(of: Account) -> Json:
    return {"id": of.id, "username": of.username, "email": of.email}


def device(of: Device) -> Json:
    seen = of.seen
    return {
        "id": of.id,
        "name": of.name,
        "account": of.account,
        **of.options,
        "made": moment(of.made),
        "seen": moment(seen.time) if seen else None,
        "seen_from": seen.address if seen else None,
        "seen_as": seen.agent if seen else None,
    }


def made_device(of: MadeDevice, access: Mapping[str, str]) -> Json:
    """With its secret, which is shown this once; `access`: what has to be typed into it, by what that is."""
    return device(of.device) | {"secret": of.secret, "access": dict(access)}


def tried_device(of: Device, answer: str) -> Json:
    """`answer`: what it would show for what was asked, as text."""
    return device(of) | {"answer": answer or None}


def planned_import(of: PlannedImport, kept: str) -> Json:
    """`kept`: what it is agreed to by."""
    return account_import(of.changes) | {"doubts": list(of.doubts), "import": kept}


def removed_account(id: str, entries: int) -> Json:
    return {"id": id, "entries_removed": entries}


def accounts_and_labels(accounts: Sequence[Account], labels: Sequence[Label], following: str | None) -> Json:
    return {
        "accounts": [account(each) for each in accounts],
        "labels": [label(each) for each in labels],
        "next": following,
    }


def account_import(of: AccountImport) -> Json:
    return {
        "added": [account(one) for one in of.added],
        "updated": [account(one) for one in of.updated],
        "removed": [account(one) for one in of.removed],
        "entries_removed": of.entries,
    }


# --- profiles and rules ------------------------------------------------------------------------------------------


def profile_state(of: ProfileState) -> Json:
    return {
        "id": of.id,
        "title": of.title,
        "entries": of.entries,
        "books": of.books,
        "held": of.held,
        "file": of.file,
        "last_run": of.last.id if of.last else None,
        "last_status": str(of.last.report.status) if of.last else None,
    }


def profile_migration(of: ProfileMigration, checked: Checked, *, written: bool) -> Json:
    return {
        "profile": str(of.file),
        "from": of.old,
        "to": of.new,
        "text": checked.text,
        "lost": list(of.migration.lost),
        "questions": [one.name for one in of.migration.questions],
        "diagnostics": [diagnostic(found) for found in checked.diagnostics],
        "written": written,
        "kept": str(of.kept) if written else None,
    }


def diagnostic(of: Diagnostic) -> Json:
    return {
        "code": of.code,
        "severity": of.severity,
        "message": of.message,
        "file": of.file,
        "line": of.span.line,
        "column": of.span.column,
        "end_line": of.span.end_line,
        "end_column": of.span.end_column,
        "hint": of.hint,
    }


def mapped_row(of: TriedRow) -> Json:
    from pbx_connector.mapping import coded
    from pbx_connector.targets import ENTRY_TABLE

    return {
        "row": of.written.row.values,
        "records": [
            {"table": ENTRY_TABLE, "fields": coded(record), "labels": dict(record.labels)}
            for record in of.mapped.records
        ],
        "skipped": of.mapped.skipped,
        "problems": [problem(one) for one in of.mapped.problems],
    }


def explained_row(of: TriedRow) -> Json:
    return mapped_row(of) | {"steps": [step(one) for one in of.steps]}


def step(of: Step) -> Json:
    return {
        "line": of.line,
        "rule": of.text,
        "kind": of.kind,
        "name": of.name or None,
        "reads": plain(of.reads),
        "value": plain(of.value),
    }


def test_case(case: Case, differences: tuple[Difference, ...], loaded: LoadedProfile) -> Json:
    from pbx_rules import as_text

    from pbx_connector.profile import variables

    return {
        "test": int(case.row.key),
        "file": str(loaded.profile.file),
        "line": case.line,
        "passed": not differences,
        "differences": [
            {"what": one.what, "expected": one.expected or None, "got": one.got or None} for one in differences
        ],
        "variables": {name: as_text(value) for name, value in variables(case, loaded.rules).items()},
    }


def source(of: SourceType) -> Json:
    return {"name": of.name, "title": of.title, "templates": [made.name for made in of.templates]}


def field(of: Field) -> Json:
    return {"name": of.name, "type": of.type, "doc": of.doc}


def target(of: Target) -> Json:
    return {
        "code": of.code,
        "name": of.name,
        "title": of.title,
        "type": of.kind,
        "max_length": of.max_length,
        "required": of.required,
        "csv": of.csv or None,
    }


def function(of: Function) -> Json:
    from pbx_rules.types import Type

    return {
        "name": of.name,
        "family": of.family,
        "signature": of.signature,
        "doc": of.doc,
        "parameters": [_parameter(parameter) for parameter in of.parameters],
        "result": str(of.result) if isinstance(of.result, Type) else "any",
        "examples": [{"expression": made.expression, "result": made.result} for made in of.examples],
    }


def _parameter(of: Parameter) -> Json:
    return {"name": of.name, "accepts": of.accepts, "required": of.required, "many": of.many, "doc": of.doc}


# --- how it stands -----------------------------------------------------------------------------------------------


def scheduled_profile(of: ScheduledProfile) -> Json:
    profile = of.file.profile
    return {
        "id": of.file.id,
        "title": profile.title if profile else None,
        "file": str(of.file.path),
        "schedule": of.schedule or None,
        "next": of.next.isoformat(timespec="seconds") if of.next else None,
        "broken": of.file.broken or None,
        "held": of.held or None,
    }


def automated(of: Automated) -> Json:
    return {
        "id": of.profile.id,
        "file": str(of.file),
        "schedule": of.schedule.in_words() if of.schedule else None,
        "next": moment(max(of.due, of.now)) if of.due else None,
    }


def service_status(of: ServiceStatus, now: datetime) -> Json:
    """As /health says it."""
    faults = None if of.faults is None else list(of.faults)
    store: Json = {"place": of.store, "reachable": of.reachable, "faults": faults}
    return {
        "ready": of.ready,
        "store": store | ({"reason": of.reason} if of.reason else {}),
        "folder": {"path": str(of.folder), "trouble": of.folder_missing or None},
        "profiles": [profile_status(each, now) for each in of.profiles],
        "servers": [_server(each) for each in of.servers],
        "orphans": [{"id": one.id, "title": one.title, "entries": one.entries} for one in of.orphans],
    }


def asked_service(listen: str, health: Json, *, answers: bool) -> Json:
    """What `status` says: of a service that was asked at `listen`, or without its answer."""
    return {"service": {"listen": listen, "answers": answers}} | health


def store_check(of: StoreCheck) -> Json:
    return {"store": of.place, "whole": not of.faults, "faults": list(of.faults)}


def _server(of: ServerStatus) -> Json:
    return {"plugin": of.plugin, "name": of.name, "address": of.address or None, "reason": of.reason or None}


def profile_status(of: ProfileStatus, now: datetime) -> Json:
    last = of.last
    return {
        "id": of.id,
        "title": of.title,
        "file": of.file,
        "schedule": of.schedule or None,
        "next": moment(of.next),
        "last_run": last
        and {
            "run": last.run,
            "status": str(last.status),
            "started": moment(last.started),
            "reason": of.reason or None,
        },
        "last_success": moment(of.success),
        "last_success_age": max(0, round((now - of.success).total_seconds())) if of.success else None,
        "trouble": of.trouble or None,
        "broken": of.broken or None,
        "running": of.running,
        "hung": of.hung,
        "held": of.held or None,
        "undelivered": of.undelivered
        and {
            "messages": of.undelivered.messages,
            "notifier": of.undelivered.notifier,
            "reason": of.undelivered.reason,
        },
        "set_back": of.set_back and {"from": moment(of.set_back.moment), "seen": moment(of.set_back.at)},
    }


def concern(of: Concern) -> Json:
    return {
        "kind": str(of.kind),
        "subject": of.subject,
        "detail": of.detail or None,
        "profile": of.profile or None,
        "command": of.command or None,
        "plan": of.plan or None,
        "number": of.number or None,
    }


def day(of: Day, entries: int) -> Json:
    """`entries`: how many there were at its end."""
    return {
        "date": of.date.isoformat(),
        "runs": of.runs,
        "failed": of.failed,
        "added": of.added,
        "updated": of.updated,
        "removed": of.removed,
        "entries": entries,
    }


def overview(concerns: Sequence[Concern], days: Sequence[tuple[Day, int]], status: Json) -> Json:
    """`status` as `service_status` says it."""
    return status | {"attention": [concern(each) for each in concerns], "days": [day(*each) for each in days]}


def applied_setting(of: AppliedSetting) -> Json:
    return {
        "key": of.key,
        "value": of.value or None,
        "origin": str(of.origin),
        "place": of.place or None,
        "variable": of.variable,
        "secret": of.secret or None,
    }


# --- values ------------------------------------------------------------------------------------------------------


def moment(of: datetime | None) -> str | None:
    """In UTC, to the second."""
    return of.astimezone(UTC).isoformat(timespec="seconds") if of else None


def plain(value: Any) -> Any:
    """A value of the rule language as JSON has it: a date in ISO form, a number as one."""
    if isinstance(value, Mapping):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else value
