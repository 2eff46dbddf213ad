"""XML from text: every text is escaped here and nowhere else, so a format is made of elements, never of strings."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def leaf(name: str, text: str, /, **attributes: str) -> str:
    """An element with a text, which is escaped."""
    return f"<{name}{_written(attributes)}>{escape(text)}</{name}>\n"


def branch(name: str, /, *elements: str, **attributes: str) -> str:
    """An element with elements, which are markup."""
    return f"{begin(name, **attributes)}{''.join(elements)}{end(name)}"


def empty(name: str, /, **attributes: str) -> str:
    return f"<{name}{_written(attributes)}/>\n"


def begin(name: str, /, **attributes: str) -> str:
    return f"<{name}{_written(attributes)}>\n"


def end(name: str) -> str:
    return f"</{name}>\n"


def given(name: str, text: str) -> str:
    """As `leaf`, but nothing at all without a text."""
    return leaf(name, text) if text else ""


def _written(attributes: dict[str, str]) -> str:
    return "".join(f" {name}={quoteattr(text)}" for name, text in attributes.items())
