"""What happens to entries that two profiles have both made, as one of them takes over what the other owns.

The file that is `new` now was `old` before, and has run since: each contact has two entries. The older one stays, with
what the newer one says; so no id changes, and nobody sees an entry twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pbx_connector.plan import content_digest
from pbx_connector.stores.changeset import BATCH, ChangeSet
from pbx_connector.stores.values import Entry

Place = tuple[str, str, str]
"""A book's id, a row's key and a record's key."""


def merge(changeset: ChangeSet, old: str, new: str) -> None:
    """Drop the entries of `new` that `old` has as well: those of the same contact, and those that say the same."""
    if not (made := list(_flat(changeset.profile_entries(new)))):
        return
    places = {_place(entry): entry for entry in made}
    left: dict[str, list[Entry]] = {}
    dropped: list[Entry] = []
    kept: list[Entry] = []
    for entry in _flat(changeset.profile_entries(old)):
        twin = places.pop(_place(entry), None)
        if twin is None:
            left.setdefault(content_digest(entry.content), []).append(entry)
            continue
        dropped.append(twin)
        if twin.content != entry.content:
            kept.append(replace(entry, content=twin.content))
    for entry in places.values():
        if left.get(content_digest(entry.content)):
            left[content_digest(entry.content)].pop()
            dropped.append(entry)
    for batch in _batches(dropped):
        changeset.drop_entries(batch)
    for batch in _batches(kept):
        changeset.put_entries(batch)


def _flat(batches: Iterable[Sequence[Entry]]) -> Iterator[Entry]:
    for batch in batches:
        yield from batch


def _place(entry: Entry) -> Place:
    assert entry.origin is not None  # noqa: S101 - a profile owns it
    return entry.origin.book.id, entry.origin.row, entry.origin.record


def _batches(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), BATCH):
        yield entries[start : start + BATCH]
