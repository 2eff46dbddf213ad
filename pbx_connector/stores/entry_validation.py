"""What keeps an entry or a label from being written as a person typed it: refused, not cut, and all of it at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pbx_connector.plan import Content, storable
from pbx_connector.targets import (
    LABEL_NAME_MAX_LENGTH,
    LABEL_VALUE_MAX_LENGTH,
    TARGET_BY_NAME,
    TARGETS,
    Target,
    has_controls,
    stands_on_one_line,
)

_NUMBER = re.compile(r"(?=.*\d)[\d ()/.*#+-]+((x|ext\.?|DW|Durchwahl) ?\d+)?", re.ASCII | re.IGNORECASE)
"""Also what only a phone system can dial: short numbers and codes."""
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_NOT_ONE_LINE = "has a line break, a tab or a control character: write a blank instead"
NOTHING = Content(None, {})
"""What an entry says that is not there yet."""


def content_faults(content: Content, held: Content = NOTHING) -> list[str]:
    """In words. What the entry said already, `held`, is no reason to refuse a change of something else."""
    return [words for _, words in placed_faults(content, held)]


def placed_faults(content: Content, held: Content = NOTHING) -> Iterator[tuple[str, str]]:
    """The same, each with the field that it is about, or `label NAME`."""
    for target in TARGETS:
        if target.required and not content.fields.get(target.name, "").strip():
            yield target.name, f"{target.title} is required"
    yield from _field_faults(_changed(content.fields, held.fields))
    yield from _label_faults(_changed(content.labels, held.labels))


def label_fault(name: str) -> str:
    """What is wrong with a label's name; empty if nothing is."""
    if not name or name != name.strip():
        return "a label needs a name without blanks around it"
    if len(name) > LABEL_NAME_MAX_LENGTH:
        return f"the name of a label has more than {LABEL_NAME_MAX_LENGTH} characters"
    if not storable(name):
        return "the name of a label cannot be stored"
    return "" if stands_on_one_line(name) else f"the name of a label {_NOT_ONE_LINE}"


def _changed(typed: Mapping[str, str], held: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in typed.items() if value != held.get(name)}


def _field_faults(typed: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in typed.items():
        if target := TARGET_BY_NAME.get(name):
            faults = [*_value_faults(value, target.max_length), *_line_faults(value, target.kind == "notes")]
            yield from ((name, f"{target.title}: {fault}") for fault in faults)
            yield from ((name, fault) for fault in _kind_faults(target, value))
        else:
            yield name, f"there is no field {name}"


def _label_faults(typed: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in typed.items():
        if fault := label_fault(name):
            yield f"label {name}", fault
        else:
            faults = [*_value_faults(value, LABEL_VALUE_MAX_LENGTH), *_line_faults(value)]
            yield from ((f"label {name}", f"label {name}: {fault}") for fault in faults)


def _value_faults(value: str, longest: int) -> Iterator[str]:
    if len(value) > longest:
        yield f"it has {len(value)} characters, {longest} are the most"
    if not storable(value):
        yield "it has characters that no phone book can hold"


def _line_faults(value: str, of_lines: bool = False) -> Iterator[str]:
    """Of what can be stored."""
    if not storable(value):
        return
    if of_lines and has_controls(value):
        yield "it has a control character: leave it out"
    elif not of_lines and not stands_on_one_line(value):
        yield f"it {_NOT_ONE_LINE}"


def _kind_faults(target: Target, value: str) -> Iterator[str]:
    """Of what is short enough to be shown."""
    if not value or len(value) > target.max_length:
        return
    if target.kind == "phone" and not _NUMBER.fullmatch(value):
        yield f"{target.title}: {value!r} is not a telephone number, such as +49 89 99998-190 or 190"
    if target.kind == "email" and not _ADDRESS.fullmatch(value):
        yield f"{target.title}: {value!r} is not an e-mail address, such as ann@example.com"
