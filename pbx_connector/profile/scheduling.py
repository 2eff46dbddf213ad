"""Writes a schedule into a profile's text, or takes it out: that one key changes, comments and layout stay."""

from __future__ import annotations

import json

from pbx_rules.document.nodes import Plain

from pbx_connector.documents.editing import YamlText
from pbx_connector.documents.layout import NotEditable
from pbx_connector.errors import UsageError
from pbx_connector.schedule import Schedule

KEY = "schedule"
AFTER = ("mode", "source")
"""A new schedule goes after the last of these that is there."""


def with_schedule(text: str, schedule: Schedule | None) -> str:
    """Raises `UsageError` for a text that is no profile, or one written as JSON."""
    try:
        return _changed(YamlText(text), schedule).text
    except NotEditable:
        raise UsageError(
            "a schedule can be written only into a profile whose keys start their lines",
            hint=f"change it by hand: {KEY}: {_yaml(schedule) if schedule else ''}",
        ) from None


def _changed(yaml: YamlText, schedule: Schedule | None) -> YamlText:
    if yaml.layout.is_flow(yaml.root) or not yaml.root.items:
        raise NotEditable("its keys do not begin their lines")
    return yaml.without((KEY,)) if schedule is None else yaml.with_value((KEY,), _value(schedule), after=AFTER)


def _value(schedule: Schedule) -> Plain:
    """As a profile says it: a time of day alone is a text."""
    values: dict[str, Plain] = {name: str(value) for name, value in schedule.model_dump().items() if value is not None}
    return values["cron"] if list(values) == ["cron"] else values


def _yaml(schedule: Schedule) -> str:
    values = {name: str(value) for name, value in schedule.model_dump().items() if value is not None}
    if list(values) == ["cron"]:
        return json.dumps(values["cron"])
    return "{" + ", ".join(f"{name}: {json.dumps(value)}" for name, value in values.items()) + "}"
