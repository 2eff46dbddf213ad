"""Makes the changes of a form in a profile's text: every byte that a change does not concern is as it was.

What the form cannot change, because of the way in which the file is written, is refused with a hint at the source view.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import assert_never

from pbx_rules.document import Mapping, Scalar
from pbx_rules.document.nodes import Plain

from pbx_connector.application.drafts.edits import (
    AddFilter,
    AddLabel,
    AddVariable,
    Edit,
    EditOfKeys,
    EditOfRules,
    EditOfStructure,
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
from pbx_connector.application.drafts.form import label_paths, record_paths
from pbx_connector.application.drafts.inputs import REFERENCES, Reference
from pbx_connector.documents.editing import Path, YamlText, shown
from pbx_connector.documents.layout import NotEditable
from pbx_connector.errors import UsageError
from pbx_connector.profile.renaming import with_variable_renamed
from pbx_connector.profile.rules_block import RulesBlock
from pbx_connector.profile.scheduling import with_schedule
from pbx_connector.profile.statements import Statement
from pbx_connector.targets import ACCOUNT_CODE, LABEL_NAME_CODE, LABEL_TABLE, LABEL_VALUE_CODE, TARGETS

ORDER = (
    *("title", "id", "comments", "source", "settings", "mode", "schedule", "region", "labels", "publish_personal"),
    *("limits", "merge", "notify", "tables", "rules", "structure", "tests"),
)
"""In which new keys of the top level go between those that are there."""
_KEPT = ("settings", "structure")
"""A profile has these keys, even with nothing in them."""
_CODES = (*(target.code for target in TARGETS), ACCOUNT_CODE)
_LONGEST_KEPT = 200_000


def apply(text: str, edits: Iterable[Edit]) -> str:
    """One after the other: each counts statements, records and labels as those before it left them.

    Raises `UsageError` for what cannot be, and `NotEditable`, which is one, for what only the source view can change;
    nothing is changed then.
    """
    draft = _kept(text) if len(text) <= _LONGEST_KEPT else _Draft(YamlText(text))
    for edit in edits:
        draft = draft.changed(edit)
    return draft.yaml.text


class _Draft:
    """A text on its way, read once for all edits that leave it as it is."""

    def __init__(self, yaml: YamlText) -> None:
        self.yaml = yaml

    @cached_property
    def _rules(self) -> RulesBlock:
        return RulesBlock(self.yaml)

    def changed(self, edit: Edit) -> _Draft:
        yaml = self._changed(edit)
        return self if yaml is self.yaml else _Draft(yaml)

    def _changed(self, edit: Edit) -> YamlText:
        if isinstance(edit, EditOfKeys):
            return _with_key(self.yaml, edit)
        if isinstance(edit, EditOfStructure):
            return _with_structure(self.yaml, edit)
        if isinstance(edit, EditOfRules):
            return _with_rules(self._rules, edit)
        if isinstance(edit, RenameVariable):
            return with_variable_renamed(self.yaml, edit.number, edit.name)
        assert_never(edit)


@lru_cache(maxsize=4)
def _kept(text: str) -> _Draft:
    """A page sends the inputs of a form one by one, most of them as they were."""
    return _Draft(YamlText(text))


def _with_key(yaml: YamlText, edit: EditOfKeys) -> YamlText:
    match edit:
        case SetText(path, value):
            return _with_text(yaml, _free(path), _lines(value))
        case SetList(path, values):
            return _with_list(yaml, _free(path), [_lines(value) for value in values])
        case SetSecret(path, kind, name):
            return _with_secret(yaml, _free(path), kind, name)
        case Remove(path):
            return yaml.without(_free(path), keep=_KEPT)
        case RenameKey(path, name):
            return yaml.with_key(_free(path), name)
        case SetSchedule(schedule):
            return YamlText(with_schedule(yaml.text, schedule))
        case _:
            assert_never(edit)


def _free(path: Path) -> Path:
    """Raises `UsageError` for what has edits of its own."""
    if not path or path[0] == "rules":
        raise UsageError(f"{shown(path)} is not changed as one text")
    return tuple(path)


def _lines(typed: str) -> str:
    """Browsers end lines as Windows does."""
    return typed.replace("\r\n", "\n").replace("\r", "\n")


def _with_text(yaml: YamlText, path: Path, value: str) -> YamlText:
    node = yaml.at(path)
    if node is not None and not isinstance(node, Scalar):
        raise NotEditable(f"{shown(path)} is not written as one text")
    return yaml if yaml.holds_text(path, value) else _set(yaml, path, value)


def _with_list(yaml: YamlText, path: Path, values: list[str]) -> YamlText:
    node = yaml.at(path)
    if not values:
        return yaml.without(path, keep=_KEPT)
    if isinstance(node, Scalar) and values == [node.text]:
        return yaml
    listed: list[Plain] = list(values)
    return _set(yaml, path, listed)


def _with_secret(yaml: YamlText, path: Path, kind: Reference, name: str) -> YamlText:
    if kind not in REFERENCES or not name.strip() or "\n" in name or "\r" in name:
        raise UsageError(
            "say where the secret lies", hint="the name of a variable, a file's path or a name in the keyring"
        )
    node = yaml.at(path)
    held = [key.text for key, _ in node.items if key.text in REFERENCES] if isinstance(node, Mapping) else []
    if len(held) != 1:
        return _set(yaml, path, {kind: name})
    return yaml.with_key((*path, held[0]), kind).with_value((*path, kind), name)


def _set(yaml: YamlText, path: Path, value: Plain) -> YamlText:
    top = str(path[0])
    return yaml.with_value(path, value, after=ORDER[: ORDER.index(top)] if len(path) == 1 and top in ORDER else ())


def _with_rules(
    block: RulesBlock,
    edit: EditOfRules,
) -> YamlText:
    match edit:
        case AddVariable(name, rule, before):
            return block.added(Statement("define", name, rule), before)
        case AddFilter(kind, condition, because, before):
            return block.added(Statement(kind, rule=condition, because=because), before)
        case ReplaceVariable(number, rule):
            return block.replaced(number, replace(_statement(block, number, "define"), rule=rule))
        case ReplaceFilter(number, kind, condition, because):
            _statement(block, number, "keep", "skip")
            return block.replaced(number, Statement(kind, rule=condition, because=because))
        case ReplaceOther(number, text):
            return block.replaced(number, replace(_statement(block, number, "other"), rule=text))
        case RemoveRule(number):
            return block.removed(number)
        case MoveRule(number, to):
            return block.moved(number, to)
        case _:
            assert_never(edit)


def _statement(block: RulesBlock, number: int, *kinds: str) -> Statement:
    if not 0 <= number < len(block.statements) or block.statements[number].kind not in kinds:
        raise UsageError(f"statement {number + 1} of the rules is not what this changes", hint="load the form again")
    return block.statements[number]


def _with_structure(yaml: YamlText, edit: EditOfStructure) -> YamlText:
    path = _chosen(record_paths(yaml.root), edit.record, "record")
    record = yaml.at(path)
    if not isinstance(record, Mapping):
        raise NotEditable(f"{shown(path)} has no fields by name")
    match edit:
        case SetField(_, code, text):
            return _with_field(yaml, (*path, code), _lines(text))
        case AddLabel(_, name, value):
            return _with_new_label(yaml, record, path, {LABEL_NAME_CODE: _lines(name), LABEL_VALUE_CODE: _lines(value)})
        case SetLabel(_, label, name, value):
            place = _chosen(label_paths(record, path), label, "label")
            named = _with_text(yaml, (*place, LABEL_NAME_CODE), _lines(name))
            return _with_text(named, (*place, LABEL_VALUE_CODE), _lines(value))
        case RemoveLabel(_, label):
            return yaml.without(_chosen(label_paths(record, path), label, "label"), keep=_KEPT)
        case _:
            assert_never(edit)


def _chosen(paths: Sequence[Path], number: int, what: str) -> Path:
    if not 0 <= number < len(paths):
        raise UsageError(f"there is no {what} {number + 1}", hint="load the form again")
    return paths[number]


def _with_field(yaml: YamlText, path: Path, text: str) -> YamlText:
    if not text.strip():
        return yaml.without(path)
    node = yaml.at(path)
    if node is not None and not isinstance(node, Scalar):
        raise NotEditable(f"{shown(path)} is not written as one text")
    return yaml.with_value(path, text, after=_CODES)


def _with_new_label(yaml: YamlText, record: Mapping, path: Path, label: dict[str, Plain]) -> YamlText:
    below = (*path, "post", LABEL_TABLE)
    if isinstance(yaml.at(below), Mapping):
        raise NotEditable(f"{shown(below)} is not written as a list")
    places = label_paths(record, path)
    return yaml.with_item(below, len(places), label) if places else yaml.with_value(below, [label])
