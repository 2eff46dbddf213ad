"""Many phone systems: what a program needs to look after them, or to run a profile of one of them.

A tenant is loaded for one run and forgotten afterwards. What it is given is its own alone: configuration, profiles,
secrets and phone book.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import platformdirs

from pbx_connector.application.installation import Installation, utc_now
from pbx_connector.config import ControlConfig
from pbx_connector.errors import ConfigError, ProfileError, UsageError
from pbx_connector.plugins import Plugins
from pbx_connector.profile import Profile
from pbx_connector.secret import bind_vault
from pbx_connector.stores import Store
from pbx_connector.tenants import registry, versions
from pbx_connector.tenants.confinement import confinement
from pbx_connector.tenants.control import ControlDatabase, open_control
from pbx_connector.tenants.loading import Contents, read_contents
from pbx_connector.tenants.phone_books import PhoneBooks
from pbx_connector.tenants.published import Layouts
from pbx_connector.tenants.registry import Tenant
from pbx_connector.tenants.vault import TenantVault

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

    def profile(self, id: str) -> Profile:
        """Raises `UsageError` for one that was not published, and `ProfileError` for one that cannot be used here."""
        if id in self.profiles:
            return self.profiles[id]
        for file in self.contents.wrong:
            if Path(file.path).stem == id:
                raise ProfileError(f"profile {id} of tenant {self.tenant.id} cannot be used here", file.findings)
        raise UsageError(f"tenant {self.tenant.id} has no profile {id}", hint="publish it")


class Fleet:
    """All tenants of one control database. For several threads at once."""

    def __init__(
        self,
        config: ControlConfig,
        plugins: Plugins,
        *,
        clock: Callable[[], datetime] = utc_now,
        connections: int | None = None,
    ) -> None:
        """`connections` at most to each database that phone books are in; see `PhoneBooks`. Raises `StoreError`."""
        self.config = config
        self.plugins = plugins
        self.control: ControlDatabase = open_control(config.database)
        self.phone_books = PhoneBooks(config.database, connections=connections or config.connections)
        self._clock = clock

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
        tree = versions.contents(self.control, id, number)
        folder = self.layouts.lay_out(id, tree)
        confined = confinement(id, folder, self.config.files)
        contents = read_contents(folder, confined, self.plugins, Path(f"/{id}"))
        return self._loaded(tenant, number, contents)

    def _loaded(self, tenant: Tenant, number: int, contents: Contents) -> LoadedTenant:
        for file in contents.wrong:
            if file.path == "config.yaml":
                raise ConfigError(f"the configuration of tenant {tenant.id} cannot be used here", file.findings)
        vault = TenantVault(self.control, self.config.keys, tenant.id)
        config = contents.config.model_copy(update={"timezone": contents.config.timezone or DEFAULT_ZONE})
        bind_vault(config, vault)
        for profile in contents.profiles.values():
            bind_vault(profile.settings, vault)
        published = {id: str(profile.file) for id, profile in contents.profiles.items()}
        installation = Installation(config, self.plugins, self._clock, published)
        return LoadedTenant(tenant, number, installation, contents.profiles, contents)

    @contextmanager
    def open_store(self, tenant: Tenant) -> Iterator[Store]:
        """Its phone book. Raises `OtherVersion` for one that is not migrated yet, which a worker leaves alone."""
        with self.phone_books.open(tenant) as store:
            yield store
