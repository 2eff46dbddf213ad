"""Writes a schedule into a profile's text, or takes it out: that one key changes, comments and layout stay.

ruamel.yaml (through `pbx_rules.document`) says where the key stands; the text around it is not touched, since even a
round trip through ruamel would move what people have lined up by hand.
"""

from __future__ import annotations

import json

from pbx_rules.document import Mapping, Node, Scalar, load
from pbx_rules.document.nodes import Plain

from pbx_connector.errors import UsageError
from pbx_connector.schedule import Schedule

KEY = "schedule"
AFTER = ("mode", "source")
"""A new schedule goes after the first of these that is there."""


def with_schedule(text: str, schedule: Schedule | None) -> str:
    """Raises `UsageError` for a text that is no profile, or one written as JSON."""
    root = load(text, "").root
    if not isinstance(root, Mapping) or not root.items or root.items[0][0].span.column != 1:
        raise UsageError(
            "a schedule can be written only into a profile whose keys start their lines",
            hint=f"add it by hand: {KEY}: {_yaml(schedule) if schedule else ''}",
        )
    held = next((item for item in root.items if item[0].text == KEY), None)
    if held is not None:
        changed = _replaced(text, *held, schedule)
    else:
        changed = _added(text, root, schedule) if schedule else text
    _verify(text, changed, schedule)
    return changed


def _replaced(text: str, key: Scalar, value: Node, schedule: Schedule | None) -> str:
    lines = text.splitlines(keepends=True)
    first, (line, column) = key.span.line - 1, _end(value)
    last = line - 1
    rest = lines[last][max(column - 1, len(KEY) + 1 if first == last else 0) :]
    if schedule is None:
        kept = [f"{rest.lstrip()}"] if rest.strip() else []
        return "".join([*lines[:first], *kept, *lines[last + 1 :]])
    return "".join([*lines[:first], f"{KEY}: {_yaml(schedule)}{rest}", *lines[last + 1 :]])


def _end(node: Node) -> tuple[int, int]:
    """Where the last text of a node ends: a block's own span reaches to the next key, over comments in between."""
    if isinstance(node, Mapping) and node.items and node.span.end_column == 1:
        return _end(node.items[-1][1])
    return node.span.end_line, node.span.end_column


def _added(text: str, root: Mapping, schedule: Schedule) -> str:
    lines = text.splitlines(keepends=True)
    places = {key.text: value.span.end_line for key, value in root.items}
    at = next((places[name] for name in AFTER if name in places), None)
    if at is None:
        raise UsageError("the profile has no source", hint="pbx-connector check says what is wrong with it")
    end = "\r\n" if lines[at - 1].endswith("\r\n") else "\n"
    before = lines[at - 1] if lines[at - 1].endswith("\n") else lines[at - 1] + end
    return "".join([*lines[: at - 1], before, f"{KEY}: {_yaml(schedule)}{end}", *lines[at:]])


def _verify(before: str, after: str, schedule: Schedule | None) -> None:
    """Nothing but the schedule may differ; what we did not foresee ends here, not in somebody's profile."""
    old, new = load(before, "").root, load(after, "").root
    values = new.plain() if isinstance(new, Mapping) else None
    said = Schedule.model_validate(values[KEY]) if values and KEY in values else None
    if not isinstance(old, Mapping) or values is None or said != schedule or _others(old.plain()) != _others(values):
        raise UsageError("the schedule cannot be changed without touching something else", hint="change it by hand")


def _others(values: dict[str, Plain]) -> dict[str, Plain]:
    return {name: value for name, value in values.items() if name != KEY}


def _yaml(schedule: Schedule) -> str:
    values = {name: str(value) for name, value in schedule.model_dump().items() if value is not None}
    if list(values) == ["cron"]:
        return json.dumps(values["cron"])
    return "{" + ", ".join(f"{name}: {json.dumps(value)}" for name, value in values.items()) + "}"
