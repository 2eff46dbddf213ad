"""Whether a profile that owns nothing yet is one that the phone book knows by another id.

A file that was renamed or copied, or whose `id:` was changed, would make all its entries once more. So its first run
waits for a person's word: `profiles adopt OLD NEW` hands over what the old id owns, `profiles keep NEW` says that it is
a profile of its own. Which profiles read which source is kept in the store, so that it is known of files that are gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pbx_connector.application.installation import Installation
from pbx_connector.counting import counted
from pbx_connector.errors import ProfileHeld
from pbx_connector.model import RunStatus
from pbx_connector.profile import Profile, check_profile
from pbx_connector.profile.identity import source_digest
from pbx_connector.stores import ProfileState, RunKind, SharedState, Store

JUST_NOW = timedelta(minutes=10)
"""Who registered so lately may be about to begin its first run."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A profile that reads a source."""

    profile: str
    title: str
    content: str
    """Digest of its settings, rules and structure."""
    at: datetime
    """When it registered."""


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The id under which the phone book seems to know a profile."""

    profile: str
    entries: int
    why: str


_READERS = TypeAdapter(tuple[Reader, ...])


def admit(installation: Installation, store: Store, profile: Profile) -> None:
    """Register a profile that is about to run. Raises `ProfileHeld` if its entries seem to be there already."""
    me = Reader(profile.id, profile.title, profile.fingerprint, installation.clock())
    key = f"source {source_digest(profile)}"

    def registered(readers: tuple[Reader, ...]) -> tuple[Reader, ...]:
        known = next((reader for reader in readers if reader.profile == me.profile), None)
        if known is None and not _has_run(store, me.profile):
            if found := _predecessor(installation, store.profiles(), profile, me, readers):
                raise _held(profile, found, published=installation.published is not None)
        elif known and replace(known, at=me.at) == me:
            return readers
        return (*(reader for reader in readers if reader.profile != me.profile), me)

    _exchange(store, key, registered)
    _note(store, profile.id, key)


def forget(store: SharedState, profile: str) -> None:
    """Of a profile that is no more."""
    place = f"source of {profile}"
    if key := store.shared_state(place):
        _exchange(store, key, lambda readers: _without(readers, profile))
        store.compare_and_set(place, key, "")


def keep(installation: Installation, store: Store, profile: Profile) -> None:
    """A person's word that it is a profile of its own."""
    me = Reader(profile.id, profile.title, profile.fingerprint, installation.clock())
    key = f"source {source_digest(profile)}"
    _exchange(store, key, lambda readers: (*_without(readers, me.profile), me))
    _note(store, profile.id, key)


def waiting(
    installation: Installation, store: Store, states: Sequence[ProfileState], profile: Profile
) -> Predecessor | None:
    """Whom its first run waits for, of all that the store knows; None if it may run."""
    me = Reader(profile.id, profile.title, profile.fingerprint, installation.clock())
    readers = _parse(store.shared_state(f"source {source_digest(profile)}"))
    if any(reader.profile == me.profile for reader in readers) or _has_run(store, me.profile):
        return None
    return _predecessor(installation, states, profile, me, readers)


def _predecessor(
    installation: Installation,
    states: Sequence[ProfileState],
    profile: Profile,
    me: Reader,
    readers: tuple[Reader, ...],
) -> Predecessor | None:
    others = {state.id: state for state in states if state.id != me.profile}
    found = chain(
        _same_file(others, profile),
        _same_source(installation, others, me, readers),
        _same_title(installation, others, me),
    )
    return next(found, None)


def _same_file(states: dict[str, ProfileState], profile: Profile) -> Iterator[Predecessor]:
    file = str(profile.file.resolve()) if profile.file else None
    for state in states.values():
        if state.entries and file is not None and state.file == file:
            yield Predecessor(state.id, state.entries, "its file had that id before")


def _same_source(
    installation: Installation, states: dict[str, ProfileState], me: Reader, readers: tuple[Reader, ...]
) -> Iterator[Predecessor]:
    for reader in readers:
        state = states.get(reader.profile)
        if state is None:
            if reader.profile != me.profile and abs(me.at - reader.at) < JUST_NOW and _alike(reader, me):
                yield Predecessor(reader.profile, 0, "it is the same profile, about to run for the first time")
        elif run_from(installation, state) is None:
            if state.entries:
                yield Predecessor(state.id, state.entries, "it reads the same source, and its file is gone")
        elif _alike(reader, me):
            yield Predecessor(state.id, state.entries, "it reads the same source and says the same")


def _same_title(installation: Installation, states: dict[str, ProfileState], me: Reader) -> Iterator[Predecessor]:
    for state in states.values():
        if state.entries and state.title == me.title and state.file and not _is_there(installation, state):
            yield Predecessor(state.id, state.entries, "it has the same title, and its file is gone")


def _is_there(installation: Installation, state: ProfileState) -> bool:
    if installation.published is not None:
        return state.id in installation.published
    return Path(str(state.file)).exists()


def _alike(one: Reader, other: Reader) -> bool:
    return one.title == other.title or one.content == other.content


def run_from(installation: Installation, state: ProfileState) -> str | None:
    """The file, if it is there and has this id still; one that cannot be read counts as it."""
    if installation.published is not None:
        return installation.published.get(state.id)
    if state.file is None or not Path(state.file).exists():
        return None
    found = check_profile(Path(state.file), installation.plugins).profile
    return state.file if found is None or found.id == state.id else None


def _has_run(store: Store, profile: str) -> bool:
    """It owns what it made, whatever it is called."""
    return any(
        record.kind is RunKind.RUN and record.report.status in (RunStatus.DONE, RunStatus.PARTIAL)
        for record in store.runs(profile)
    )


def adopting(found: Predecessor, profile: str) -> str:
    """What to type if the profile is the one that was found."""
    return f"pbx-connector profiles adopt {found.profile} {profile}"


def _held(profile: Profile, found: Predecessor, *, published: bool) -> ProfileHeld:
    adopt = adopting(found, profile.id)
    named = profile.id if published else profile.file
    return ProfileHeld(
        f"profile {profile.id} seems to be {found.profile}, which has {counted(found.entries, 'entry')}: "
        f"{found.why}; a run would make them once more",
        hint=f"if it is: {adopt}; if it is a profile of its own: pbx-connector profiles keep {named}",
        command=adopt,
    )


def _note(store: SharedState, profile: str, key: str) -> None:
    """Where its name stands; it leaves the place where it stood before its settings changed."""
    place = f"source of {profile}"
    before = store.shared_state(place)
    if before != key:
        if before:
            _exchange(store, before, lambda readers: _without(readers, profile))
        store.compare_and_set(place, before, key)


def _exchange(store: SharedState, key: str, change: Callable[[tuple[Reader, ...]], tuple[Reader, ...]]) -> None:
    while True:
        text = store.shared_state(key)
        before = _parse(text)
        after = change(before)
        if after == before or store.compare_and_set(key, text, _READERS.dump_json(after).decode()):
            return


def _without(readers: tuple[Reader, ...], profile: str) -> tuple[Reader, ...]:
    return tuple(reader for reader in readers if reader.profile != profile)


def _parse(text: str) -> tuple[Reader, ...]:
    try:
        return _READERS.validate_json(text) if text else ()
    except ValidationError:
        return ()
