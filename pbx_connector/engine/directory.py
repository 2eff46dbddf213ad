"""What the engine needs of a tenant in order to run one of its profiles."""

from __future__ import annotations

from typing import Protocol

from pbx_connector.application.installation import Installation
from pbx_connector.profile import Profile
from pbx_connector.stores import Store


class RunnableTenant(Protocol):
    """A tenant as it is published at this moment."""

    @property
    def installation(self) -> Installation: ...

    def profile(self, id: str) -> Profile | None:
        """Compiled; None if the published version has none of that id. Raises `ProfileError`."""
        ...

    def open_store(self) -> Store:
        """Its phone book, by its own role. Raises `StoreError`."""
        ...


class TenantDirectory(Protocol):
    def load(self, tenant: str) -> RunnableTenant | None:
        """None: it is gone, suspended, or has nothing published. Raises `ConnectorError` if it cannot be told."""
        ...
