"""A draft of a profile: what its form shows, what is wrong where, what became of a sample row, how saving went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbx_connector.application.views.profiles import diagnostic, record
from pbx_connector.application.views.runs import problem
from pbx_connector.application.views.values import Json, plain

if TYPE_CHECKING:  # a view looks at what is there: it loads nothing that a command does not use
    from pbx_connector.application.drafts import (
        ChangedMeanwhile,
        CheckedDraft,
        Draft,
        Form,
        Input,
        LabelForm,
        PlacedFinding,
        RecordForm,
        Rule,
        RuleResult,
        Sample,
        ScheduleForm,
        StructureField,
        Table,
    )


def draft(of: Draft) -> Json:
    """With the text as it is: for those alone who may edit the profile."""
    return {"file": of.file.name, "text": of.text, "digest": of.digest}


def checked_draft(of: CheckedDraft) -> Json:
    return {
        "valid": not of.failed,
        "form": form(of.form),
        "findings": [_finding(found) for found in of.findings],
    }


def form(of: Form) -> Json:
    return {
        "fault": of.fault or None,
        "unread": list(of.unread),
        "source": of.source or None,
        "sources": list(of.sources),
        "basic": [form_input(each) for each in of.basic],
        "settings": [form_input(each) for each in of.settings],
        "rules": [_rule(rule) for rule in of.rules],
        "rules_fault": of.rules_fault or None,
        "tables": [_table(table) for table in of.tables],
        "records": [_record(each) for each in of.records],
        "schedule": _schedule(of.schedule),
    }


def form_input(of: Input) -> Json:
    """Of a secret nothing but the kind of place that it lies in."""
    return {
        "path": list(of.path),
        "kind": of.kind,
        "doc": of.doc,
        "required": of.required,
        "default": list(of.default),
        "choices": list(of.choices),
        "set": of.is_set,
        "value": of.value,
        "values": list(of.values),
        "reference": of.reference,
        "fault": of.fault or None,
    }


def sample(of: Sample) -> Json:
    """What the rules make of one row."""
    return {
        "rules": [_result(result) for result in of.results],
        "records": [record(each) for each in of.mapped.records],
        "skipped": of.mapped.skipped,
        "problems": [problem(one) for one in of.mapped.problems],
    }


def changed_meanwhile(of: ChangedMeanwhile) -> Json:
    return {
        "base": of.base,
        "theirs": of.theirs,
        "mine": of.mine,
        "merged": of.merged.text,
        "conflicts": of.merged.conflicts,
        "gone": of.gone,
    }


def _finding(of: PlacedFinding) -> Json:
    return diagnostic(of.diagnostic) | {"path": list(of.path)}


def _rule(of: Rule) -> Json:
    return {
        "number": of.number,
        "path": list(of.path),
        "kind": of.kind,
        "name": of.name or None,
        "text": of.text,
        "because": of.because or None,
        "comment": of.comment or None,
        "line": of.line,
        "fault": of.fault or None,
    }


def _table(of: Table) -> Json:
    entries = [{"key": key, "value": value} for key, value in of.entries]
    return {"name": of.name, "path": list(of.path), "entries": entries, "fault": of.fault or None}


def _record(of: RecordForm) -> Json:
    return {
        "number": of.number,
        "path": list(of.path),
        "fields": [_field(field) for field in of.fields],
        "conditions": [_field(field) for field in of.conditions],
        "labels": [_label(label) for label in of.labels],
        "fault": of.fault or None,
    }


def _field(of: StructureField) -> Json:
    return {
        "code": of.code,
        "title": of.title or None,
        "text": of.text,
        "path": list(of.path),
        "required": of.required,
        "set": of.is_set,
        "fault": of.fault or None,
    }


def _label(of: LabelForm) -> Json:
    return {
        "number": of.number,
        "name": of.name,
        "value": of.value,
        "path": list(of.path),
        "fault": of.fault or None,
    }


def _schedule(of: ScheduleForm) -> Json:
    said = of.schedule.model_dump() if of.schedule else {"cron": None, "timezone": None, "every": None}
    return said | {"set": of.is_set, "words": of.words or None, "fault": of.fault or None}


def _result(of: RuleResult) -> Json:
    return {
        "number": of.number,
        "kind": of.kind,
        "value": plain(of.value),
        "reads": plain(of.reads),
        "left_out": of.left_out,
    }
