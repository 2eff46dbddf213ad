"""One draft of a profile, which a form and a source view edit together: both change the same text.

draft = open_draft(installation, "office.yaml")           its text, and what it is based on
form = read_form(text, installation.plugins)              what a form shows
text = apply(text, [SetText(("title",), "Office")])       what a form changes; every other byte stays
found = check(installation, draft.file, text)             what is wrong, at the part of the form that it is about
sample(found, row)                                        what the rules make of one row
save(installation, "office.yaml", text, draft.text)       `Saved`, or `ChangedMeanwhile` with a merge
"""

from pbx_connector.application.drafts.applying import apply
from pbx_connector.application.drafts.checking import SECTIONS, CheckedDraft, PlacedFinding, check
from pbx_connector.application.drafts.edits import (
    AddFilter,
    AddLabel,
    AddVariable,
    Edit,
    MoveRule,
    Remove,
    RemoveLabel,
    RemoveRule,
    RenameKey,
    RenameVariable,
    ReplaceFilter,
    ReplaceOther,
    ReplaceVariable,
    SetField,
    SetLabel,
    SetList,
    SetSchedule,
    SetSecret,
    SetText,
)
from pbx_connector.application.drafts.form import (
    Form,
    LabelForm,
    RecordForm,
    Rule,
    ScheduleForm,
    StructureField,
    Table,
    read_form,
)
from pbx_connector.application.drafts.inputs import Input, InputKind, Reference
from pbx_connector.application.drafts.merging import Merged, merge
from pbx_connector.application.drafts.requests import read_edits
from pbx_connector.application.drafts.sampling import RuleResult, Sample, sample
from pbx_connector.application.drafts.saving import (
    ChangedMeanwhile,
    Draft,
    Saved,
    create,
    delete,
    open_draft,
    profile_path,
    rename,
    save,
)
from pbx_connector.documents.editing import Path
from pbx_connector.documents.layout import NotEditable

__all__ = [
    "SECTIONS",
    "AddFilter",
    "AddLabel",
    "AddVariable",
    "ChangedMeanwhile",
    "CheckedDraft",
    "Draft",
    "Edit",
    "Form",
    "Input",
    "InputKind",
    "LabelForm",
    "Merged",
    "MoveRule",
    "NotEditable",
    "Path",
    "PlacedFinding",
    "RecordForm",
    "Reference",
    "Remove",
    "RemoveLabel",
    "RemoveRule",
    "RenameKey",
    "RenameVariable",
    "ReplaceFilter",
    "ReplaceOther",
    "ReplaceVariable",
    "Rule",
    "RuleResult",
    "Sample",
    "Saved",
    "ScheduleForm",
    "SetField",
    "SetLabel",
    "SetList",
    "SetSchedule",
    "SetSecret",
    "SetText",
    "StructureField",
    "Table",
    "apply",
    "check",
    "create",
    "delete",
    "merge",
    "open_draft",
    "profile_path",
    "read_edits",
    "read_form",
    "rename",
    "sample",
    "save",
]
