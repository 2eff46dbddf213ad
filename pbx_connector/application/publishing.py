"""Publishing folders of tenants' files: what differs, whether it is right, and then the version that counts.

A folder has a folder for each tenant, so that a fleet can be kept in git: with `config.yaml`, `profiles/*.yaml` and the
files that they name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from pbx_connector.application.command_words import of_tenant
from pbx_connector.application.fleet import DEFAULT_ZONE, Fleet
from pbx_connector.documents import masked
from pbx_connector.errors import ConnectorError, ProfileError, PublishedMeanwhile, UsageError
from pbx_connector.tenants import registry, versions
from pbx_connector.tenants.confinement import confinement
from pbx_connector.tenants.ids import checked_id, is_id
from pbx_connector.tenants.loading import CheckedFile, Contents, read_contents
from pbx_connector.tenants.published import (
    ENDINGS,
    PROFILES,
    FileChanges,
    FileSet,
    WrongTree,
    changes,
    read_tree,
    require_profile,
    write_tree,
)
from pbx_connector.tenants.registry import TenantState
from pbx_connector.tenants.schedules import PublishedProfile
from pbx_connector.tenants.tables import tenant as tenant_table
from pbx_connector.tenants.tables import version as version_table
from pbx_connector.tenants.versions import NewVersion, PublishedVersion


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing a folder would do for one tenant."""

    tenant: str
    folder: Path
    base: int
    """The version that it was compared with; 0 for none."""
    changes: FileChanges = field(default_factory=lambda: FileChanges((), (), ()))
    files: tuple[CheckedFile, ...] = ()
    """Those that were checked, with what was found."""
    error: UsageError | None = None
    """What is wrong with the folder as such."""
    tree: FileSet | None = None
    """What the folder has; None if it could not be read."""
    new: NewVersion | None = None
    """None if nothing differs, or something is wrong."""
    adds_tenant: bool = False
    """The tenant was not there, or not whole."""

    @property
    def wrong(self) -> list[CheckedFile]:
        return [file for file in self.files if file.is_wrong]

    @property
    def is_wrong(self) -> bool:
        return self.error is not None or bool(self.wrong)


def publications(
    fleet: Fleet,
    folder: Path,
    *,
    only: Collection[str] = (),
    who: str,
    note: str = "",
    add: Callable[[str], object] | None = None,
) -> Iterator[Publication]:
    """For each tenant that has a folder, in order. Nothing is changed, but `add` is called for one that is not there,
    or not whole, when it is its turn: it adds the tenant, or only says whether it could be. Raises `UsageError` for no
    such folder, and what `add` raises but for `UsageError`."""
    known = _published(fleet)
    new = _unknown(fleet, folder, only) if add else ()
    for entry in _folders(folder, only):
        is_new = entry.name in new
        try:
            if add and is_new:
                add(entry.name)
                known.setdefault(entry.name, (0, ""))
            yield replace(_publication(fleet, entry, known, who, note), adds_tenant=is_new)
        except UsageError as error:
            yield Publication(entry.name, Path(entry.path), 0, error=error)


def _unknown(fleet: Fleet, folder: Path, only: Collection[str]) -> list[str]:
    """The tenants that have a folder, and are not there, or not whole. Raises `UsageError`."""
    names = [entry.name for entry in _folders(folder, only)]
    states = {tenant.id: tenant.state for tenant in registry.all_tenants(fleet.control)}
    return [id for id in names if states.get(id, TenantState.ADDING) is TenantState.ADDING and is_id(id)]


class Status(StrEnum):
    PUBLISHED = "published"
    DIFFERS = "differs"
    """It would be published."""
    UNCHANGED = "unchanged"
    WRONG = "wrong"
    REFUSED = "refused"
    """Somebody else published meanwhile."""


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a publication."""

    publication: Publication
    status: Status
    version: PublishedVersion | None = None
    error: ConnectorError | None = None


def result(fleet: Fleet, publication: Publication, *, simulate: bool = False) -> Published:
    """Publishes what differs and is right; what is not is a value. Raises `StoreError`."""
    if publication.is_wrong:
        return Published(publication, Status.WRONG, error=publication.error)
    if simulate:
        return Published(publication, Status.DIFFERS if publication.new else Status.UNCHANGED)
    try:
        made = publish(fleet, publication)
    except PublishedMeanwhile as refused:
        return Published(publication, Status.REFUSED, error=refused)
    except UsageError as error:
        return Published(publication, Status.WRONG, error=error)
    return Published(publication, Status.PUBLISHED if made else Status.UNCHANGED, made)


def publish(fleet: Fleet, publication: Publication) -> PublishedVersion | None:
    """None if nothing differs. Raises `PublishedMeanwhile`, `ProfileError` and `UsageError`; nothing was changed
    then."""
    if publication.error is not None:
        raise publication.error
    if publication.wrong:
        found = tuple(one for file in publication.files for one in file.findings)
        raise ProfileError(f"the files of tenant {publication.tenant} are wrong: nothing was published", found)
    if publication.new is None:
        return None
    return versions.publish(fleet.control, publication.tenant, publication.new, base=publication.base)


def differences(fleet: Fleet, publication: Publication) -> Iterator[str]:
    """What differs, line by line, as `diff -u` writes it; of files in YAML, as others may hold people's data."""
    tree, base = publication.tree, publication.base
    if tree is None or not publication.changes:
        return
    before = versions.contents(fleet.control, publication.tenant, base) if base else FileSet({})
    for path in sorted({*before.contents, *tree.contents}):
        old, new = (_lines(files.contents.get(path, b"")) for files in (before, tree))
        if path.endswith((".yaml", ".yml")):
            yield from unified_diff(old, new, f"{path} (version {base})", path, lineterm="")


def _lines(content: bytes) -> list[str]:
    return masked(content.decode(errors="replace")).splitlines()


def roll_back(fleet: Fleet, id: str, number: int, *, who: str) -> Publication:
    """As if the files of an earlier version were published again. Raises `UsageError`."""
    tenant = registry.find(fleet.control, id)
    tree = versions.contents(fleet.control, id, number)
    with fleet.control.read() as connection:
        digest = versions.one(connection, id, tenant.published).digest
    base = tenant.published, digest
    return checked(fleet, id, Path(f"/{id}"), tree, base, who, f"back to version {number}")


def upload(fleet: Fleet, id: str, tree: FileSet, *, who: str, note: str = "", base: int | None = None) -> Publication:
    """What publishing files would do that somebody sends; `base` is the version that they were made from, None: the
    one that counts. Raises `UsageError`."""
    known = _published(fleet, id)
    if id not in known:
        raise UsageError(f"there is no tenant {id}", hint=f"pbx-connector tenants add {id}")
    publication = checked(fleet, id, Path(id), tree, known[id], who, note)
    return publication if base is None else replace(publication, base=base)


def version_differences(fleet: Fleet, id: str, number: int) -> tuple[PublishedVersion, list[str]]:
    """A version, and what differs in it from the one before, as `differences`. Raises `UsageError`."""
    with fleet.control.read() as connection:
        version = versions.one(connection, id, number)
        before = versions.before(connection, id, number)
    tree = versions.contents(fleet.control, id, number)
    whole = Publication(id, Path(id), before, FileChanges((), tuple(tree.contents), ()), tree=tree)
    return version, list(differences(fleet, whole))


def _publication(
    fleet: Fleet, entry: os.DirEntry[str], known: dict[str, tuple[int, str]], who: str, note: str
) -> Publication:
    id, folder = checked_id(entry.name), Path(entry.path)
    if id not in known:
        hint = f"pbx-connector tenants add {id}, or publish with --add"
        raise UsageError(f"there is no tenant {id}", hint=hint)
    try:
        tree = _tree(entry)
    except WrongTree as wrong:
        raise UsageError(f"{folder / wrong.path}: {wrong}", hint=wrong.hint) from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}") from None
    return checked(fleet, id, folder, tree, known[id], who, note)


def checked(
    fleet: Fleet, id: str, folder: Path, tree: FileSet, base: tuple[int, str], who: str, note: str
) -> Publication:
    """What publishing these files would do; findings name them as files in `folder`. `base` is number and digest of
    the version that counts."""
    same = Publication(id, folder, base[0])
    if tree.digest == base[1]:
        return same
    contents = check(fleet, id, tree, folder)
    with fleet.control.read() as connection:
        differing = changes(versions.digests(connection, id, base[0]), tree.digests)
    whole = replace(same, changes=differing, files=tuple(contents.files), tree=tree)
    if whole.is_wrong:
        return whole
    return replace(whole, new=NewVersion(tree, _profiles(contents), _warnings(contents), who, note))


def check(fleet: Fleet, id: str, tree: FileSet, shown: Path) -> Contents:
    """What a worker would make of these files; findings name them as files in the folder `shown`."""
    with TemporaryDirectory(prefix="pbx-publish-") as made:
        folder = Path(made).resolve()
        write_tree(tree, folder)
        contents = read_contents(folder, confinement(id, folder, fleet.config.files), fleet.plugins, shown)
    return replace(contents, files=[_of_tenant(file, id) for file in contents.files])


def _of_tenant(file: CheckedFile, id: str) -> CheckedFile:
    """Whoever publishes for many follows a hint for this one."""
    findings = tuple(replace(found, hint=of_tenant(found.hint, id)) for found in file.findings)
    return replace(file, findings=findings)


def _tree(entry: os.DirEntry[str]) -> FileSet:
    if entry.is_symlink():
        raise WrongTree("", "it is a link", "publish the folder itself")
    tree = read_tree(Path(entry.path))
    require_profile(tree, f"; pbx-connector tenants suspend {entry.name} stops its runs")
    return tree


def _folders(folder: Path, only: Collection[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
    except OSError as error:
        raise UsageError(f"the folder {folder} cannot be read: {error.strerror}") from None
    if any(path.name.endswith(ENDINGS) for path in (folder / PROFILES).glob("*")):
        whole = folder.absolute()
        hint = f"pbx-connector tenants publish {whole.parent} {whole.name}"
        raise UsageError(f"{folder} is the folder of one tenant, not of all", hint=hint)
    if missing := sorted(set(only) - {entry.name for entry in found}):
        raise UsageError(f"{folder} has no folder {missing[0]}", hint="a tenant's folder is called like the tenant")
    return sorted((entry for entry in found if not only or entry.name in only), key=lambda entry: entry.name)


def _published(fleet: Fleet, only: str | None = None) -> dict[str, tuple[int, str]]:
    """Number and digest of the version that counts, of every tenant or of one."""
    counts = (version_table.c.tenant == tenant_table.c.id) & (version_table.c.number == tenant_table.c.published)
    query = select(tenant_table.c.id, tenant_table.c.published, version_table.c.digest)
    if only is not None:
        query = query.where(tenant_table.c.id == only)
    with fleet.control.read() as connection:
        rows = connection.execute(query.outerjoin(version_table, counts))
        return {id: (number, digest or "") for id, number, digest in rows}


def _profiles(contents: Contents) -> list[PublishedProfile]:
    zone = contents.config.timezone or DEFAULT_ZONE
    return [PublishedProfile(profile.id, profile.schedule, zone) for profile in contents.profiles.values()]


def _warnings(contents: Contents) -> list[str]:
    return [
        f"{file.path}:{found.span.line}:{found.span.column}: {found.message}"
        for file in contents.files
        for found in file.findings
    ]
