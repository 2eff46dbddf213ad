"""Numbers of things, as people write them: `1 entry`, `2 entries`."""

from __future__ import annotations


def counted(many: int, noun: str) -> str:
    """`noun` stands for one of them; its last word is the one that changes."""
    return f"{many} {noun if many == 1 else _plural(noun)}"


def _plural(noun: str) -> str:
    if noun.endswith("y"):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"
