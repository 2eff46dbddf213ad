"""What is wrong with a draft, each finding at the part of the form that it is about."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import NamedTuple

from pbx_rules import Diagnostic
from pbx_rules.document import Mapping, Node
from pbx_rules.document import Sequence as Items

from pbx_connector.application import profiles
from pbx_connector.application.drafts.form import Form, read_form
from pbx_connector.application.installation import Installation
from pbx_connector.documents.editing import Path, YamlText
from pbx_connector.documents.layout import Layout
from pbx_connector.profile import Checked
from pbx_connector.profile.rules_block import RulesBlock

SECTIONS: tuple[Path, ...] = (("settings",), ("rules",), ("tables",), ("structure",), ("schedule",), ("tests",))
"""Parts of the form that a finding may be about as a whole."""


@dataclass(frozen=True, slots=True)
class PlacedFinding:
    path: Path
    """The `path` of the input, rule, record, field or label, or one of `SECTIONS`; empty: the whole profile."""
    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True)
class CheckedDraft:
    text: str
    form: Form
    checked: Checked
    findings: tuple[PlacedFinding, ...]

    def at(self, path: Path) -> tuple[Diagnostic, ...]:
        """What is wrong there; with an empty path what belongs to no part of the form."""
        return tuple(found.diagnostic for found in self.findings if found.path == path)

    @property
    def failed(self) -> bool:
        return self.checked.loaded is None


def check(installation: Installation, file: FilePath, text: str) -> CheckedDraft:
    """`file` is where the text would be saved: paths in it count from there. Never raises for what it says."""
    yaml = YamlText(text)
    checked = profiles.check_text(installation, yaml.body, file)
    form = read_form(text, installation.plugins)
    return CheckedDraft(text, form, checked, tuple(_placed(yaml, form, checked)))


class _Spot(NamedTuple):
    start: int
    end: int
    path: Path


def _placed(yaml: YamlText, form: Form, checked: Checked) -> Iterator[PlacedFinding]:
    paths = {tuple(map(str, path)): path for path in _paths(form)}
    spots = list(_spots(yaml, form))
    for found in checked.diagnostics:
        path = _by_keys(found, paths)
        yield PlacedFinding(_by_place(yaml, found, spots) if path is None else path, found)


def _by_keys(found: Diagnostic, paths: dict[tuple[str, ...], Path]) -> Path | None:
    """The deepest part that the keys of a finding lead to; None if it has none."""
    for length in range(len(found.path), 0, -1):
        if found.path[:length] in paths:
            return paths[found.path[:length]]
    return None


def _by_place(yaml: YamlText, found: Diagnostic, spots: list[_Spot]) -> Path:
    """The smallest part that has all of the place of the finding in it, or most of it."""
    start = yaml.layout.offset(found.span.line, found.span.column)
    end = yaml.layout.end_of_text(start, yaml.layout.offset(found.span.end_line, found.span.end_column))
    around = [spot for spot in spots if spot.start <= start <= spot.end]
    return max(around, key=lambda spot: (min(spot.end, end), spot.start - spot.end)).path if around else ()


def _paths(form: Form) -> Iterator[Path]:
    yield from SECTIONS
    yield from (each.path for each in (*form.basic, *form.settings))
    for table in form.tables:
        yield table.path
        yield from ((*table.path, name) for name, _ in table.entries)
    for record in form.records:
        yield record.path
        yield from (field.path for field in (*record.fields, *record.conditions))
        yield from (label.path for label in record.labels)


def _spots(yaml: YamlText, form: Form) -> Iterator[_Spot]:
    """Where each part of the form stands in the text."""
    if form.fault:
        return
    yield from _spots_below(yaml.layout, yaml.root, (), set(_paths(form)))
    if form.rules:
        block = RulesBlock(yaml)
        for rule in form.rules:
            yield _Spot(*block.ends(rule.number), rule.path)


def _spots_below(layout: Layout, node: Node, path: Path, paths: Collection[Path]) -> Iterator[_Spot]:
    if isinstance(node, Mapping):
        for key, value in node.items:
            below = (*path, key.text)
            if below in paths:
                yield _Spot(key.start, max(layout.end(value, key), key.end), below)
            yield from _spots_below(layout, value, below, paths)
    elif isinstance(node, Items):
        for number, item in enumerate(node.items):
            below = (*path, number)
            if below in paths:
                yield _Spot(layout.ends(item)[0], layout.end(item, None), below)
            yield from _spots_below(layout, item, below, paths)
