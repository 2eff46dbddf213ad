"""Who owns the entries that runs made: handed over after a file was renamed, removed when it is gone, let go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pbx_connector.application import claims, reckoning, succession
from pbx_connector.application.installation import Installation
from pbx_connector.counting import counted
from pbx_connector.errors import ProfileError, UsageError
from pbx_connector.plan import Action, Change
from pbx_connector.profile import (
    Checked,
    LoadedProfile,
    Profile,
    ProfileId,
    check_profile,
    format_profile,
)
from pbx_connector.profile import check_text as check_whole_text
from pbx_connector.stores import Accounts, EntryReader, Profiles, ProfileState, Store


@dataclass(frozen=True, slots=True)
class Adopted:
    entries: int
    still_run_from: str | None
    """The file that would bring the old profile's entries again with its next run; None if there is none."""


def load(installation: Installation, file: Path) -> Profile:
    """A profile that can be run. Raises `ProfileError` with all that is wrong with the file."""
    return load_whole(installation, file).profile


def load_whole(installation: Installation, file: Path) -> LoadedProfile:
    """With what a `trials.Trial` needs. Raises `ProfileError` with all that is wrong with the file."""
    checked = check(installation, file)
    if checked.loaded is None:
        errors = [found for found in checked.diagnostics if found.severity == "error"]
        where = errors[0].file if errors else file
        raise ProfileError(f"{where} has {counted(len(errors), 'error')}", checked.diagnostics, text=checked.text)
    return checked.loaded


def check(installation: Installation, file: Path) -> Checked:
    """What is wrong with a file; never raises for what it says."""
    return installation.examined(check_profile(file, installation.plugins), file)


def check_text(installation: Installation, text: str, file: Path) -> Checked:
    """`check` for a text that is not yet in its file; paths in it count from the file's folder."""
    return installation.examined(check_whole_text(text, file, installation.plugins), file)


def formatted(text: str, file: Path) -> str:
    """With one layout for the rules; comments, meaning and the rest stay. Raises `ProfileError`."""
    return format_profile(text, str(file))


def needs_accounts(profile: Profile, store: Accounts) -> bool:
    """A profile that uses the account of a row expects personal contacts; without accounts there are none."""
    return "local_id" in profile.fields and not store.accounts()


def adopt(installation: Installation, store: Store, old: str, new: str) -> Adopted:
    """Hand all that `old` owns to `new`: entries, and what people know of it. Raises `UsageError`."""
    _check_id(new)
    file = succession.run_from(installation, _known(store, old))
    entries = store.adopt_profile(old, new)
    claims.forget(store, old)
    reckoning.forget(store, old)
    succession.forget(store, old)
    installation.outbox(store).adopt(old, new)
    return Adopted(entries, file)


def keep(installation: Installation, store: Store, file: Path) -> Profile:
    """A person's word that a file is a profile of its own, whatever it looks like. Raises `ProfileError`."""
    profile = load(installation, file)
    keep_loaded(installation, store, profile)
    return profile


def keep_loaded(installation: Installation, store: Store, profile: Profile) -> None:
    """`keep` for one that has no file here, as it is published."""
    succession.keep(installation, store, profile)


def removable(installation: Installation, store: Profiles, id: str) -> ProfileState:
    """Raises `UsageError` for a profile that never ran, and for one whose next run would make all entries anew."""
    state = _known(store, id)
    if file := succession.run_from(installation, state):
        raise UsageError(
            f"profile {id} is run from {file}: its next run would make all entries anew, with other ids",
            hint="delete that file first, or move it elsewhere",
        )
    return state


def remove(installation: Installation, store: Store, id: str) -> int:
    """Remove all entries of a profile whose file is gone; returns their number. Raises `UsageError`."""
    removable(installation, store, id)
    removed = store.remove_profile(id)
    claims.forget(store, id)
    reckoning.forget(store, id)
    succession.forget(store, id)
    installation.outbox(store).forget(id)
    return removed


def removals(store: EntryReader, id: str) -> Iterator[Change]:
    """What `remove` would remove."""
    for entry in store.entries(apart=True):
        if entry.origin and entry.origin.profile == id:
            yield Change(Action.REMOVE, entry.id, entry.origin.book.title, entry.content, None)


def _check_id(id: str) -> None:
    """Raises `UsageError` for an id that no file can have."""
    try:
        TypeAdapter(ProfileId).validate_python(id)
    except ValidationError:
        raise UsageError(
            f"{id!r} cannot be the id of a profile", hint="letters, digits, dots, hyphens and underscores, 100 at most"
        ) from None


def _known(store: Profiles, id: str) -> ProfileState:
    for state in store.profiles():
        if state.id == id:
            return state
    raise UsageError(f"no profile {id} has run on this store", hint="see: pbx-connector profiles list")
