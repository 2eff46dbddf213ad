"""Where the directory serves, told to those who set phones up: what is configured, else what a running one got."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from pbx_connector.api import Device, PluginContext, Store, StoreError, split_address
from pbx_directory.formats import Format
from pbx_directory.ldap.tree import BASE, device_dn
from pbx_directory.settings import DirectorySettings

KEY = "directory"
"""Of the shared state."""


def note(store: Store, addresses: Mapping[str, str]) -> None:
    """Keep where a directory serves, for `devices add` in another process."""
    for _ in range(10):
        if store.compare_and_set(KEY, store.shared_state(KEY), _written(addresses)):
            return


def forget(store: Store, addresses: Mapping[str, str]) -> None:
    """It serves there no more; where another one serves by now stays known. Nobody waits for a store to end."""
    with suppress(StoreError):
        store.compare_and_set(KEY, _written(addresses), "")


def _written(addresses: Mapping[str, str]) -> str:
    return json.dumps(dict(addresses), sort_keys=True)


def http_url(settings: DirectorySettings, store: Store) -> str:
    """How phones reach the HTTP side, without a slash at its end; empty if nobody knows."""
    if settings.url:
        return settings.url.rstrip("/")
    if settings.http and split_address(settings.http)[0] and split_address(settings.http)[1]:
        return f"{'https' if settings.certificate else 'http'}://{settings.http}"
    noted = store.shared_state(KEY)
    return str(json.loads(noted).get("http", "")) if noted else ""


@dataclass(frozen=True, slots=True)
class Reach:
    """How telephones reach one phone system."""

    operator: DirectorySettings
    """What whoever runs the machine says of it."""
    phone_system: str | None = None
    """Which of many; None for one that is alone."""
    host: str = ""
    """The host name of one of many; empty if it has none."""

    def http_url(self, store: Store) -> str:
        """Without a slash at its end; nothing but a path if nobody knows more."""
        shared = http_url(self.operator, store)
        if not self.phone_system:
            return shared
        if not (self.host and shared):
            return f"{shared}/{self.phone_system}"
        parts = urlsplit(shared)
        port = f":{parts.port}" if parts.port else ""
        return parts._replace(netloc=f"{self.host}{port}").geturl()

    def bind_dn(self, device: Device) -> str:
        return device_dn(device.id, self.phone_system)


def reach(context: PluginContext) -> Reach:
    """Raises `ConfigError`. By its path one of many is reached even while nobody can tell its host name."""
    operator = context.operator.config.plugins.get(context.plugin) or DirectorySettings()
    host = ""
    with suppress(StoreError):
        host = context.host_name
    return Reach(operator, context.phone_system, host)


def device_path(device: Device, secret: str, format: Format) -> str:
    """What stands behind the server in the address that a phone of this format is given."""
    return f"/{device.id}-{secret}/{format.file_name}{format.url_query}"


BASE_DN = BASE
