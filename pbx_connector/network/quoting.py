"""A server's own words as a report may show them: in short, on one line, nothing in them that is no word."""

from __future__ import annotations

from collections.abc import Iterable

_MOST_SAID = 160
_LONGEST_WORD = 60
"""Characters; what is longer is an id, a key or a token."""


def quoted(code: str, text: str, secrets: Iterable[str] = ()) -> str:
    """`code` and `text`, without ids and keys, and without `secrets`, which a server may give back."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    words = "".join(character if character.isprintable() else " " for character in text[: _MOST_SAID * 10]).split()
    said = " ".join(word if len(word) <= _LONGEST_WORD else "…" for word in words)
    said = said if len(said) <= _MOST_SAID else said[: _MOST_SAID - 1].rstrip() + "…"
    return f"{code[:_LONGEST_WORD]} “{said}”" if said else code[:_LONGEST_WORD]
