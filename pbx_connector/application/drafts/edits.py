"""What a form can change in a profile's text, one value for each kind of change.

`apply` gives a new text in which every byte that the change does not concern is as it was. What the form cannot change,
because of the way in which the file is written, is refused with a hint at the source view.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, assert_never

from pbx_rules.document import Mapping, Scalar
from pbx_rules.document.nodes import Plain

from pbx_connector.application.drafts.form import label_paths, record_paths
from pbx_connector.application.drafts.inputs import REFERENCES, Reference
from pbx_connector.documents.editing import Path, YamlText, shown
from pbx_connector.documents.layout import NotEditable
from pbx_connector.errors import UsageError
from pbx_connector.profile.renaming import with_variable_renamed
from pbx_connector.profile.rules_block import RulesBlock
from pbx_connector.profile.scheduling import with_schedule
from pbx_connector.profile.statements import Statement
from pbx_connector.schedule import Schedule
from pbx_connector.targets import ACCOUNT_CODE, LABEL_NAME_CODE, LABEL_TABLE, LABEL_VALUE_CODE, TARGETS

ORDER = (
    *("title", "id", "comments", "source", "settings", "mode", "schedule", "region", "labels", "publish_personal"),
    *("limits", "merge", "notify", "tables", "rules", "structure", "tests"),
)
"""In which new keys of the top level go between those that are there."""
_KEPT = ("settings", "structure")
"""A profile has these keys, even with nothing in them."""
_CODES = (*(target.code for target in TARGETS), ACCOUNT_CODE)


@dataclass(frozen=True, slots=True)
class SetText:
    """What a key or setting says. A blank value leaves the key with nothing after its colon, which counts as not
    given; where there is no such key it changes nothing. Yes and no are `true` and `false`."""

    path: Path
    value: str


@dataclass(frozen=True, slots=True)
class SetList:
    """A setting of several texts. Without values it is taken out."""

    path: Path
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class SetSecret:
    """Where a secret lies: the name of a variable, a file's path or a name in the keyring; never the secret itself."""

    path: Path
    kind: Reference
    name: str


@dataclass(frozen=True, slots=True)
class Remove:
    """A key with all below it, and each above that has nothing left then."""

    path: Path


@dataclass(frozen=True, slots=True)
class RenameKey:
    """The last key of the path gets another name and keeps its place: an entry of a table."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class SetSchedule:
    schedule: Schedule | None
    """None: by hand only."""


@dataclass(frozen=True, slots=True)
class AddVariable:
    name: str
    rule: str
    before: int | None = None
    """The number of the statement above which it goes; None: below all."""


@dataclass(frozen=True, slots=True)
class AddFilter:
    kind: Literal["keep", "skip"]
    condition: str
    because: str = ""
    before: int | None = None
    """As of a variable."""


@dataclass(frozen=True, slots=True)
class ReplaceVariable:
    """Another rule; name and comment stay."""

    number: int
    rule: str


@dataclass(frozen=True, slots=True)
class RenameVariable:
    """Also wherever the rules and the structure use it."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class ReplaceFilter:
    number: int
    kind: Literal["keep", "skip"]
    condition: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class ReplaceOther:
    """Of a statement that is neither variable nor filter the whole text."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class RemoveRule:
    """A variable, a filter or another statement with the comment on its line; comments above it stay."""

    number: int


@dataclass(frozen=True, slots=True)
class MoveRule:
    """To the place of the statement that has the number `to`, with the comments right above it."""

    number: int
    to: int


@dataclass(frozen=True, slots=True)
class SetField:
    """A field of a record, or its `when`, `for` or `key`. A blank text takes it out."""

    record: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class AddLabel:
    """Below the other labels of the record."""

    record: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SetLabel:
    record: int
    label: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class RemoveLabel:
    record: int
    label: int


Edit: TypeAlias = (
    SetText
    | SetList
    | SetSecret
    | Remove
    | RenameKey
    | SetSchedule
    | AddVariable
    | AddFilter
    | ReplaceVariable
    | RenameVariable
    | ReplaceFilter
    | ReplaceOther
    | RemoveRule
    | MoveRule
    | SetField
    | AddLabel
    | SetLabel
    | RemoveLabel
)


def apply(text: str, edits: Iterable[Edit]) -> str:
    """One after the other: each counts statements, records and labels as those before it left them.

    Raises `UsageError` for what cannot be, and `NotEditable`, which is one, for what only the source view can change;
    nothing is changed then.
    """
    yaml = YamlText(text)
    for edit in edits:
        yaml = _applied(yaml, edit)
    return yaml.text


def _applied(yaml: YamlText, edit: Edit) -> YamlText:
    match edit:
        case SetText() | SetList() | SetSecret() | Remove() | RenameKey() | SetSchedule():
            return _with_key(yaml, edit)
        case SetField() | AddLabel() | SetLabel() | RemoveLabel():
            return _with_structure(yaml, edit)
        case RenameVariable(number, name):
            return with_variable_renamed(yaml, number, name)
        case _:
            return _with_rules(RulesBlock(yaml), edit)


def _with_key(yaml: YamlText, edit: SetText | SetList | SetSecret | Remove | RenameKey | SetSchedule) -> YamlText:
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
    edit: AddVariable | AddFilter | ReplaceVariable | ReplaceFilter | ReplaceOther | RemoveRule | MoveRule,
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


def _with_structure(yaml: YamlText, edit: SetField | AddLabel | SetLabel | RemoveLabel) -> YamlText:
    path = _chosen(record_paths(yaml.root), edit.record, "record")
    record = yaml.at(path)
    if not isinstance(record, Mapping):
        raise NotEditable(f"{shown(path)} has no fields by name")
    match edit:
        case SetField(_, code, text):
            return _with_field(yaml, (*path, code), _lines(text))
        case AddLabel(_, name, value):
            return _with_new_label(yaml, record, path, {LABEL_NAME_CODE: name, LABEL_VALUE_CODE: value})
        case SetLabel(_, label, name, value):
            place = _chosen(label_paths(record, path), label, "label")
            named = _with_text(yaml, (*place, LABEL_NAME_CODE), name)
            return _with_text(named, (*place, LABEL_VALUE_CODE), value)
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
