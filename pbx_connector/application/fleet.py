"""Many phone systems: what a program needs to look after them, or to run a profile of one of them.

A tenant is loaded for one run and forgotten afterwards. What it is given is its own alone: configuration, profiles,
secrets and phone book.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import platformdirs

from pbx_connector.application.installation import Installation, utc_now
from pbx_connector.config import Config, ConfigFile, ControlConfig
from pbx_connector.errors import ConfigError, ProfileError, StoreError, UsageError
from pbx_connector.plugins import Plugins
from pbx_connector.profile import LoadedProfile, Profile, load_whole
from pbx_connector.secret import bind_vault
from pbx_connector.stores import Store
from pbx_connector.tenants import registry, versions
from pbx_connector.tenants.confinement import confinement
from pbx_connector.tenants.control import ControlDatabase, open_control
from pbx_connector.tenants.layouts import Layouts
from pbx_connector.tenants.loading import Contents, read_contents
from pbx_connector.tenants.phone_books import PhoneBooks
from pbx_connector.tenants.provider import open_provider
from pbx_connector.tenants.read_versions import ReadVersion, ReadVersions
from pbx_connector.tenants.registry import Tenant, TenantState
from pbx_connector.tenants.vault import TenantVault

LOG = logging.getLogger(__name__)

DEFAULT_ZONE = "UTC"
"""Of a tenant whose configuration names none: workers may stand anywhere."""


@dataclass(frozen=True)
class LoadedTenant:
    """One version of a tenant, ready to run. Never to be given to another tenant: its secrets are bound to it."""

    tenant: Tenant
    version: int
    installation: Installation
    profiles: Mapping[str, Profile]
    """Those that can be run, by id."""
    contents: Contents
    phone_books: PhoneBooks

    def profile(self, id: str) -> Profile | None:
        """None for one that was not published. Raises `ProfileError` for one that cannot be used here."""
        if id in self.profiles:
            return self.profiles[id]
        for file in self.contents.wrong:
            if Path(file.path).stem == id:
                message = f"profile {id} of tenant {self.tenant.id} cannot be used here"
                raise ProfileError(message, file.findings, text=file.text)
        return None

    def whole_profile(self, id: str) -> LoadedProfile | None:
        """With what trying its rules needs. As `profile`."""
        profile = self.profile(id)
        if profile is None:
            return None
        file = self.contents.folder / self.contents.paths[id]
        return replace(load_whole(file, self.installation.plugins), profile=profile)

    def open_store(self) -> Store:
        """Its phone book, by its own role. Raises `StoreError`, and `OtherVersion` for one that is not migrated yet,
        which a worker leaves to those of its version."""
        return self.phone_books.open(self.tenant)


class Fleet:
    """All tenants of one control database. For several threads at once."""

    def __init__(
        self,
        config: ControlConfig,
        plugins: Plugins,
        *,
        clock: Callable[[], datetime] = utc_now,
        connections: int | None = None,
        own_hosts: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """`connections` at most to each database that phone books are in; see `PhoneBooks`. `own_hosts`: see
        `application.configuration`. Raises `StoreError`."""
        self.config = config
        self.own_hosts = own_hosts
        self.plugins = plugins
        self.control: ControlDatabase = open_control(config.database)
        self.phone_books = PhoneBooks(config.database, connections=connections or config.connections)
        self._clock = clock
        self._read = ReadVersions()

    def close(self) -> None:
        self.phone_books.close()
        self.control.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def layouts(self) -> Layouts:
        default = platformdirs.user_cache_path("pbx-connector", appauthor=False) / "tenants"
        return Layouts(self.config.cache or default)

    def load(self, id: str, version: int | None = None) -> LoadedTenant:
        """The version that counts, or another one.

        Raises `UsageError` for a tenant or version that is not there, `ConfigError` for a configuration that cannot be
        used here. A profile that cannot be is told of when it is asked for.
        """
        tenant = registry.find(self.control, id)
        number = tenant.published if version is None else version
        if not number:
            raise UsageError(f"nothing is published for tenant {id}", hint="pbx-connector tenants publish FOLDER")
        return self.load_version(tenant, number)

    def load_version(self, tenant: Tenant, number: int) -> LoadedTenant:
        """See `load`."""
        return self._loaded(tenant, number, self._contents(tenant, number))

    def _contents(self, tenant: Tenant, number: int) -> Contents:
        """A version never changes: it is read and compiled once. What it names outside of itself is looked at anew."""
        key = tenant.id, tenant.made, number  # a tenant may be another one under an old id
        known = self._read.get(key)
        if known is not None and known.still_holds() and self.layouts.use(known.confinement.published):
            return known.contents
        folder = self.layouts.lay_out(tenant.id, versions.contents(self.control, tenant.id, number))
        self._prune_layouts()
        confined = confinement(tenant.id, folder, self.config.files)
        contents = read_contents(folder, confined, self.plugins, Path(f"/{tenant.id}"))
        self._read.put(key, ReadVersion(contents, confined))
        return contents

    def _prune_layouts(self) -> None:
        """Where versions are laid out, old ones go; whoever came to run something is not held up by what fails."""
        if self.layouts.is_prune_due():
            try:
                many = self.layouts.prune(versions.counting(self.control))
            except (StoreError, OSError) as error:
                LOG.warning("old versions of tenants are not removed: %s", error)
            else:
                LOG.debug("%d old versions of tenants are removed", many)

    def installation_of(self, tenant: Tenant, number: int) -> Installation:
        """What a version says; with number 0 what counts for a tenant that nothing was published for.

        Raises `ConfigError` for a configuration that cannot be used here.
        """
        if number:
            return self.load_version(tenant, number).installation
        config = self.plugins.configure(ConfigFile.empty(self.layouts.empty))
        return self._installation(tenant, config, {})

    def _loaded(self, tenant: Tenant, number: int, contents: Contents) -> LoadedTenant:
        for file in contents.wrong:
            if file.path == "config.yaml":
                raise ConfigError(f"the configuration of tenant {tenant.id} cannot be used here", file.findings)
        for profile in contents.profiles.values():
            bind_vault(profile.settings, self._vault(tenant))
        published = {id: str(profile.file) for id, profile in contents.profiles.items()}
        installation = self._installation(tenant, contents.config, published)
        return LoadedTenant(tenant, number, installation, contents.profiles, contents, self.phone_books)

    def _installation(self, tenant: Tenant, said: Config, published: Mapping[str, str]) -> Installation:
        config = said.model_copy(update={"timezone": said.timezone or DEFAULT_ZONE})
        bind_vault(config, self._vault(tenant))
        return Installation(config, self.plugins, self._clock, published=published)

    def bind_secrets(self, tenant: Tenant, profile: Profile) -> None:
        """A profile that is not published yet finds the secrets of the tenant's vault, too."""
        bind_vault(profile.settings, self._vault(tenant))

    def _vault(self, tenant: Tenant) -> TenantVault:
        return TenantVault(self.control, self.config.keys, tenant.id)

    def open_store(self, tenant: Tenant) -> Store:
        """Its phone book, to be closed. Raises `OtherVersion` for one that is not migrated yet."""
        return self.phone_books.open(tenant)

    def open_provider_store(self) -> Store:
        """Users, sessions and audit of the provider's own pages, to be closed; it has no phone book that anybody
        reads. Raises `OtherVersion` for one that is not migrated yet."""
        return open_provider(self.control, self.phone_books)

    @cached_property
    def provider_users(self) -> Store:
        """The same for all who ask, and closed with the rest. Raises as `open_provider_store`."""
        return self.open_provider_store()


class RunnableTenants:
    """The tenants of a fleet as workers see them."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def load(self, id: str) -> LoadedTenant | None:
        """None: it is gone, not active, or has nothing published. Raises `ConnectorError`."""
        tenant = registry.known(self._fleet.control, id)
        if tenant is None or tenant.state is not TenantState.ACTIVE or not tenant.published:
            return None
        return self._fleet.load_version(tenant, tenant.published)
