"""The text of a profile: the source's own template for what the original does not say, rules and structure."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

from pbx_connector.api import Question, SourceType

_SECTION = re.compile(r"^(\w+):", re.ASCII)
_OURS = ("title", "comments", "rules", "structure", "tables", "tests", "mode")


def profile_text(
    source: SourceType, *, title: str, mode: str | None, rules: Sequence[str], structure: Sequence[str]
) -> str:
    lines = [f"title: {quoted(title)}", *_header(source)]
    lines.append(f"mode: {mode_of(mode)}")
    if rules:
        lines += ["rules: |", *(f"  {line}" for line in rules)]
    return "\n".join([*lines, "structure:", *structure, ""])


def with_tests(text: str, tests: Sequence[Mapping[str, Any]]) -> str:
    """Tests at its end, each on two lines."""
    lines = ["tests:"]
    for test in tests:
        lines += [f"  - row: {_flow(test['row'])}", f"    expect: {_flow(test['expect'])}"]
    return text + "\n".join([*lines, ""])


def _flow(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def quoted(text: str) -> str:
    """JSON's quoting is YAML's."""
    return json.dumps(text, ensure_ascii=False)


def printable(text: str) -> str:
    """On one line of YAML, whatever it holds."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def mode_of(said: str | None) -> str:
    """The original's two modes, by their words; its default is the one that removes."""
    words = (said or "").lower()
    return (
        "upsert" if words and "remove" not in words and "entfern" not in words and "mirror" not in words else "mirror"
    )


def _header(source: SourceType) -> list[str]:
    """Source, settings and schedule, as the source's first template has them; for questions, an example."""
    if not source.templates:
        return [f"source: {source.name}", "settings: {}"]
    template = source.templates[0]
    answers = {question.name: _answer(source, question) for question in template.questions}
    kept, keep = [], False
    for line in string.Template(template.text).safe_substitute(answers).splitlines():
        if section := _SECTION.match(line):
            keep = section[1] not in _OURS
        if keep and line.strip() and not line.startswith("#"):
            kept.append(line.rstrip())
    return kept


def _answer(source: SourceType, question: Question) -> str:
    if question.secret:
        return f"{{env: {source.name.upper()}_{question.name.upper()}}}"
    if question.default is not None:
        return quoted(question.default) if question.default else ""
    return quoted("pbx@example.com" if "email" in question.name else f"the-{question.name}")  # it may be a host's name
