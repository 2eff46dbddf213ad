"""Where the directory serves, told to those who set phones up: what is configured, else what a running one got."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress

from pbx_connector.api import Device, Store, StoreError, split_address
from pbx_directory.formats import Format
from pbx_directory.ldap.tree import BASE, DEVICES
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


def device_path(device: Device, secret: str, format: Format) -> str:
    """What stands behind the server in the address that a phone of this format is given."""
    return f"/{device.id}-{secret}/{format.file_name}{format.url_query}"


def bind_dn(device: Device) -> str:
    return f"uid={device.id},{DEVICES}"


BASE_DN = BASE
