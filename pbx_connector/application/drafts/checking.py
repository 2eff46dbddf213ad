"""What is wrong with a draft, each finding at the part of the form that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import NamedTuple

from pbx_rules import Diagnostic
from pbx_rules.document import Mapping

from pbx_connector.application import profiles
from pbx_connector.application.drafts.form import Form, read_form
from pbx_connector.application.installation import Installation
from pbx_connector.documents.editing import Path, YamlText
from pbx_connector.documents.layout import NotEditable
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
    for path in _paths(form):
        spot = _spot(yaml, path)
        if spot is not None:
            yield spot
    if form.rules:
        block = RulesBlock(yaml)
        for rule in form.rules:
            yield _Spot(*block.ends(rule.number), rule.path)


def _spot(yaml: YamlText, path: Path) -> _Spot | None:
    try:
        parent, node = yaml.at(path[:-1]), yaml.at(path)
    except NotEditable:
        return None
    if node is None:
        return None
    keys = [key for key, _ in parent.items if key.text == path[-1]] if isinstance(parent, Mapping) else []
    start = keys[0].start if keys else yaml.layout.ends(node)[0]
    return _Spot(start, max(yaml.layout.end(node, None), start), path)
