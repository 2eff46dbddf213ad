"""Numbers that go wrong: a number of one entry that gives way to one that many have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pbx_connector.model import PHONE_FIELDS
from pbx_connector.plan import SHARED_BY, Content

Update = tuple[Content, Content]
"""What an entry says before and after."""


def shared_numbers(updates: Sequence[Update], added: Sequence[Content], held: Sequence[Content]) -> int:
    """How many numbers would be replaced by one that many entries of the profile then have."""
    return sum(_shared(name, updates, added, held) for name in PHONE_FIELDS)


def _shared(name: str, updates: Sequence[Update], added: Sequence[Content], held: Sequence[Content]) -> int:
    had = Counter(content.fields.get(name) for content in held)
    replaced = [(before.fields.get(name), after.fields.get(name)) for before, after in updates]
    replaced = [(old, new) for old, new in replaced if new is not None and new != old]
    given = Counter(new for _, new in replaced) + Counter(content.fields.get(name) for content in added)
    return sum(old is not None and had[old] < SHARED_BY and had[new] + given[new] >= SHARED_BY for old, new in replaced)
