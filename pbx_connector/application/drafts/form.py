"""A profile's text as a form shows it; of a broken one as much as can be read, the rest is for the source view."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pbx_rules.document import Mapping, Node, Scalar
from pbx_rules.document import Sequence as Items
from pydantic import ValidationError

from pbx_connector.application.drafts.inputs import Input, inputs, is_spoiled
from pbx_connector.documents import given_values
from pbx_connector.documents.editing import Path, YamlText
from pbx_connector.documents.layout import NotEditable
from pbx_connector.plugins import Plugins
from pbx_connector.profile.header import Header
from pbx_connector.profile.rules_block import RulesBlock
from pbx_connector.profile.statements import Kind
from pbx_connector.schedule import Schedule
from pbx_connector.targets import (
    ACCOUNT_CODE,
    ENTRY_TABLE,
    LABEL_NAME_CODE,
    LABEL_TABLE,
    LABEL_VALUE_CODE,
    STRUCTURE_FIELDS,
    TARGETS,
)

_ELSEWHERE = ("settings", "structure", "tables", "rules", "schedule", "tests")
"""What of a profile's top level has a part of the form to itself, or none."""
_BESIDE = ("when", "for", "key")
_TITLES = {target.code: target.title for target in STRUCTURE_FIELDS}
_REQUIRED = {target.code for target in TARGETS if target.required}


@dataclass(frozen=True, slots=True)
class Rule:
    """A statement of the rules."""

    number: int
    """Its place among all of them, from 0, as edits name it."""
    kind: Kind
    """A variable is `define`; a filter `keep` or `skip`; what cannot be read as either is `other`."""
    name: str
    """Of a variable."""
    text: str
    """A variable's expression, a filter's condition, or the whole of another statement; may have several lines."""
    because: str
    comment: str
    """Behind it on its line, with the `#`."""
    line: int
    """In the file, from 1."""
    last_line: int
    fault: str = ""
    """Why its text can only be changed in the source view; empty for most."""

    @property
    def path(self) -> Path:
        """Where findings about it are listed."""
        return ("rules", self.number)


@dataclass(frozen=True, slots=True)
class Table:
    """A look-up table of the rules."""

    name: str
    entries: tuple[tuple[str, str], ...]
    fault: str = ""

    @property
    def path(self) -> Path:
        """Of an entry, with its key behind it."""
        return ("tables", self.name)


@dataclass(frozen=True, slots=True)
class StructureField:
    """A field of a record, there or not."""

    code: str
    title: str
    """Empty for a code that nobody knows."""
    text: str
    path: Path
    required: bool = False
    is_set: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class LabelForm:
    number: int
    """Its place among the labels of its record, from 0, as edits name it."""
    name: str
    value: str
    path: Path
    fault: str = ""


@dataclass(frozen=True, slots=True)
class RecordForm:
    """A record of the structure: every field that there is, and its labels."""

    number: int
    """From 0, as edits name it."""
    path: Path
    fields: tuple[StructureField, ...]
    labels: tuple[LabelForm, ...]
    conditions: tuple[StructureField, ...]
    """`when`, `for` and `key`."""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ScheduleForm:
    schedule: Schedule | None
    """None: by hand only, or nobody can read it."""
    is_set: bool
    fault: str = ""

    @property
    def words(self) -> str:
        """Empty without one."""
        return self.schedule.in_words() if self.schedule else ""


@dataclass(frozen=True, slots=True)
class Form:
    basic: tuple[Input, ...]
    source: str
    sources: tuple[str, ...]
    """The names of all that are installed."""
    settings: tuple[Input, ...]
    """None of a source that nobody knows."""
    rules: tuple[Rule, ...]
    rules_fault: str
    """Why rules can only be edited in the source view; empty for most profiles."""
    tables: tuple[Table, ...]
    records: tuple[RecordForm, ...]
    schedule: ScheduleForm
    unread: tuple[str, ...] = ()
    """The keys whose parts cannot be read; all of them, if `fault` says why nothing can be."""
    fault: str = ""

    @property
    def filters(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.kind in ("keep", "skip"))

    @property
    def variables(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.kind == "define")


def read_form(text: str, plugins: Plugins) -> Form:
    """Never raises for what the text says."""
    yaml = YamlText(text)
    sources = tuple(sorted(plugins.sources))
    try:
        root = yaml.root
    except NotEditable as error:
        return Form((), "", sources, (), (), "", (), (), ScheduleForm(None, is_set=False), fault=error.message)
    source = _text(root.get("source"))
    known = plugins.sources.get(source)
    rules, fault = _rules(yaml)
    return Form(
        basic=tuple(_with_sources(each, sources) for each in inputs(Header, yaml, skip=_ELSEWHERE)),
        source=source,
        sources=sources,
        settings=tuple(inputs(known.settings, yaml, ("settings",))) if known else (),
        rules=rules,
        rules_fault=fault,
        tables=tuple(_tables(root)),
        records=tuple(_records(root)),
        schedule=_schedule(root),
        unread=tuple(yaml.document.unread),
    )


def _with_sources(each: Input, sources: tuple[str, ...]) -> Input:
    return replace(each, kind="choice", choices=sources) if each.path == ("source",) else each


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and not is_spoiled(node) else ""


def _rules(yaml: YamlText) -> tuple[tuple[Rule, ...], str]:
    try:
        block = RulesBlock(yaml)
    except NotEditable as error:
        return (), error.message
    found = (_rule(block, number) for number in range(len(block.placed)))
    return tuple(found), block.fault


def _rule(block: RulesBlock, number: int) -> Rule:
    placed = block.placed[number]
    said = placed.statement
    fault = "a comment stands between its words" if placed.inner_comment else ""
    first, last = block.lines(number)
    return Rule(number, said.kind, said.name, said.rule, said.because, said.comment, first, last, fault)


def _tables(root: Mapping) -> Iterator[Table]:
    tables = root.get("tables")
    for key, node in tables.items if isinstance(tables, Mapping) else ():
        if isinstance(node, Mapping) and all(isinstance(value, Scalar) for _, value in node.items):
            yield Table(key.text, tuple((name.text, _text(value)) for name, value in node.items))
        else:
            yield Table(key.text, (), "it is not written as keys and values")


def record_paths(root: Mapping) -> list[Path]:
    """Where the records stand: in a list, or one alone without."""
    structure = root.get("structure")
    table = structure.get(ENTRY_TABLE) if isinstance(structure, Mapping) else None
    path: Path = ("structure", ENTRY_TABLE)
    if isinstance(table, Items):
        return [(*path, number) for number in range(len(table.items))]
    return [path] if isinstance(table, Mapping) else []


def label_paths(record: Mapping, path: Path) -> list[Path]:
    post = record.get("post")
    labels = post.get(LABEL_TABLE) if isinstance(post, Mapping) else None
    below = (*path, "post", LABEL_TABLE)
    if isinstance(labels, Items):
        return [(*below, number) for number in range(len(labels.items))]
    return [below] if isinstance(labels, Mapping) else []


def _records(root: Mapping) -> Iterator[RecordForm]:
    for number, path in enumerate(record_paths(root)):
        record = _at(root, path)
        if not isinstance(record, Mapping):
            yield RecordForm(number, path, (), (), (), "it has no fields by name")
            continue
        written = [key.text for key, _ in record.items if key.text not in (*_BESIDE, "post")]
        codes = dict.fromkeys([*(target.code for target in TARGETS), ACCOUNT_CODE, *written])
        yield RecordForm(
            number,
            path,
            tuple(_field(record, path, code) for code in codes),
            tuple(_labels(record, path)),
            tuple(_field(record, path, code) for code in _BESIDE),
        )


def _field(record: Mapping, path: Path, code: str) -> StructureField:
    node = record.get(code)
    fault = "" if node is None or isinstance(node, Scalar) else "it is not one text"
    fault = "it cannot be read" if is_spoiled(node) else fault
    title = _TITLES.get(code, "")
    return StructureField(code, title, _text(node), (*path, code), code in _REQUIRED, node is not None, fault)


def _labels(record: Mapping, path: Path) -> Iterator[LabelForm]:
    for number, place in enumerate(label_paths(record, path)):
        label: Any = _at(record, place[len(path) :])
        if not isinstance(label, Mapping):
            yield LabelForm(number, "", "", place, "it has no name and value")
            continue
        keys = {key.text for key, _ in label.items}
        fault = "" if keys <= {LABEL_NAME_CODE, LABEL_VALUE_CODE} else f"it has more than a name and a value: {_MORE}"
        name, value = _text(label.get(LABEL_NAME_CODE)), _text(label.get(LABEL_VALUE_CODE))
        yield LabelForm(number, name, value, place, fault)


_MORE = "the source view shows it"


def _at(node: Node | None, path: Path) -> Node | None:
    for part in path:
        if isinstance(node, Mapping):
            node = node.get(str(part))
        elif isinstance(node, Items) and isinstance(part, int):
            node = node.items[part]
    return node


def _schedule(root: Mapping) -> ScheduleForm:
    said = given_values(root).get("schedule")
    if said is None:
        return ScheduleForm(None, is_set=False)
    try:
        return ScheduleForm(Schedule.model_validate(said), is_set=True)
    except ValidationError:
        return ScheduleForm(None, is_set=True, fault="it cannot be read as a schedule")
