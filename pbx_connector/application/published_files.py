"""A tenant's profiles as files that people edit: those of the version that counts, changed by publishing another."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from pbx_rules import Diagnostic
from pbx_rules.document import Mapping, load

from pbx_connector import files
from pbx_connector.application import publishing
from pbx_connector.application.fleet import Fleet
from pbx_connector.application.installation import FileChange, SecretPlace
from pbx_connector.errors import ConnectorError, UsageError
from pbx_connector.profile import Checked, read_profile
from pbx_connector.secret import bind_vault
from pbx_connector.tenants import registry, vault, versions
from pbx_connector.tenants.confinement import confinement
from pbx_connector.tenants.published import PROFILES, FileSet, WrongTree, checked_path
from pbx_connector.tenants.registry import Tenant

LOG = logging.getLogger(__name__)

_NOT_OF_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


class PublishedFiles:
    """See `application.installation.ProfileVersions`. For several threads at once."""

    def __init__(self, fleet: Fleet, id: str, changed: Callable[[], None] = lambda: None) -> None:
        """`changed` is called when another version counts."""
        self._fleet = fleet
        self._id = id
        self._changed = changed
        self._lock = threading.Lock()
        self._laid_out: tuple[tuple[float, int], Path] | None = None

    @property
    def folder(self) -> Path:
        """Where the profiles of the version that counts at the moment lie; nobody writes there."""
        return self._folder(registry.find(self._fleet.control, self._id))

    @contextmanager
    def changing(self, by: str, note: str) -> Iterator[FileChange]:
        tenant = registry.find(self._fleet.control, self._id)
        tree = self._tree(tenant)
        change = _Change(self._folder(tenant), dict(tree.contents))
        yield change
        if change.contents != tree.contents:
            self._publish(tenant, FileSet(change.contents), tree, by, note)

    def examined(self, checked: Checked, file: Path) -> Checked:
        """With what a tenant's profile may not name, as an error; its secrets come from the tenant's vault. Where the
        provider has its files is told nowhere."""
        shown = Path(f"/{self._id}") / PROFILES / file.name
        profile, found = checked.profile, self._not_its_own(checked, file)
        told = tuple(replace(one, file=str(shown)) for one in (*checked.diagnostics, *found))
        if checked.loaded is None or profile is None or found:
            return replace(checked, diagnostics=told, loaded=None)
        bind_vault(profile.settings, vault.TenantVault(self._fleet.control, self._fleet.config.keys, self._id))
        return Checked(checked.text, told, replace(checked.loaded, profile=replace(profile, file=shown)))

    def _not_its_own(self, checked: Checked, file: Path) -> list[Diagnostic]:
        if checked.profile is None:
            return []
        root = load(checked.text, str(file)).root
        settings = root.get("settings") if isinstance(root, Mapping) else None
        confined = confinement(self._id, file.parent.parent, self._fleet.config.files)
        found = confined.findings(checked.profile.settings, settings, str(file), "settings")
        place = "the folder that your provider has for your files"
        return [replace(one, hint=one.hint.replace(files.shown(confined.own), place)) for one in found]

    def keep_secret(self, secret: str, name: str, by: str) -> SecretPlace:
        """In the vault, under a name that is new. Raises `UsageError`."""
        try:
            keys = vault.required_keys(self._fleet.config.keys)
        except UsageError as error:  # it says where the provider has his keys
            LOG.warning("no secret of tenants can be kept: %s", error.message)
            raise ConnectorError("no secret can be kept here at the moment", hint="ask your provider") from None
        wanted = _NOT_OF_A_NAME.sub("-", name).strip(".-_").lower()[:60] or "secret"
        taken = {row.name for row in vault.secrets(self._fleet.control, self._id)}
        free = (wanted if number == 1 else f"{wanted}-{number}" for number in count(1))
        chosen = next(name for name in free if name not in taken)
        vault.set_secret(self._fleet.control, keys, self._id, chosen, secret, by)
        return SecretPlace("vault", chosen)

    def is_kept(self, name: str) -> bool:
        return any(row.name == name for row in vault.secrets(self._fleet.control, self._id))

    def _publish(self, tenant: Tenant, tree: FileSet, before: FileSet, by: str, note: str) -> None:
        base = tenant.published, before.digest if tenant.published else ""
        publication = publishing.checked(self._fleet, self._id, Path(f"/{self._id}"), tree, base, by, note)
        publishing.publish(self._fleet, publication)
        self._changed()

    def _tree(self, tenant: Tenant) -> FileSet:
        if not tenant.published:
            return FileSet({})
        return versions.contents(self._fleet.control, tenant.id, tenant.published)

    def _folder(self, tenant: Tenant) -> Path:
        with self._lock:
            version = tenant.made, tenant.published
            if self._laid_out is None or self._laid_out[0] != version or not self._fleet.layouts.use(self._laid_out[1]):
                self._laid_out = version, self._fleet.layouts.lay_out(tenant.id, self._tree(tenant))
            folder = self._laid_out[1] / PROFILES
            folder.mkdir(exist_ok=True)
            return folder


@dataclass
class _Change:
    """See `application.installation.FileChange`."""

    folder: Path
    contents: dict[str, bytes] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        return read_profile(self.folder / name, keep_mark=True) if _path(name) in self.contents else None

    def write(self, name: str, text: str) -> None:
        self.contents[_path(name)] = text.encode()

    def create(self, name: str, text: str) -> None:
        if _path(name) in self.contents:
            raise UsageError(f"{name} exists already", hint="choose another name")
        self.write(name, text)

    def remove(self, name: str) -> None:
        with suppress(KeyError):
            del self.contents[_path(name)]

    def rename(self, name: str, new: str) -> None:
        if _path(new) in self.contents:
            raise UsageError(f"{new} exists already", hint="choose another name")
        self.contents[_path(new)] = self.contents.pop(_path(name))


def _path(name: str) -> str:
    """Raises `UsageError`."""
    try:
        return checked_path(f"{PROFILES}/{name}")
    except WrongTree as wrong:
        raise UsageError(f"{name}: {wrong}", hint=wrong.hint) from None
