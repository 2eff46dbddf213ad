"""Many phone systems as who serves them sees them: found by a host name or an id, each with what a plugin is given.

What is known of a tenant is asked for anew every few seconds, so that nothing waits for the control database at each
request of a telephone; while that cannot be reached, what was known of it holds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Generic, TypeVar

from pbx_connector.application.fleet import Fleet, LoadedTenant
from pbx_connector.application.installation import Installation
from pbx_connector.application.published_files import PublishedFiles
from pbx_connector.application.tenants import host_in_links
from pbx_connector.errors import StoreError, UsageError
from pbx_connector.extensions import PluginContext
from pbx_connector.host_names import host_of, is_host_name
from pbx_connector.profile import LoadedProfile, Profile
from pbx_connector.stores import Store
from pbx_connector.tenants import registry
from pbx_connector.tenants.hosts import tenant_at
from pbx_connector.tenants.ids import is_id
from pbx_connector.tenants.registry import Tenant, TenantState

Value = TypeVar("Value")

LOG = logging.getLogger(__name__)

FRESH = 2.0
"""Seconds for which nobody asks again."""
MOST_HOSTS = 20_000
"""Host names that are remembered: strangers may ask for any."""
CONFIGURED = 10_000
"""Tenants whose configuration is remembered; a few kilobytes each."""


@dataclass(slots=True)
class _Known(Generic[Value]):
    value: Value
    since: float


@dataclass(frozen=True, eq=False)
class PhoneSystem:
    """One of many; the same object for as long as it is there. For several threads at once."""

    id: str
    made: float
    """When the tenant was added: one that has the same id later is another phone system."""
    _systems: PhoneSystems = field(repr=False)

    @property
    def title(self) -> str:
        """For people. Raises `StoreError`, and `UsageError` once it is gone."""
        return self._tenant.title

    @property
    def fleet(self) -> Fleet:
        return self._systems.fleet

    @cached_property
    def store(self) -> Store:
        """Its phone book, over connections that all share. What it does raises `StoreError`."""
        return self.fleet.open_store(self._tenant)

    @property
    def database(self) -> str:
        """The same text for all whose phone books are in one database: what hangs there hangs for all of them."""
        return self._tenant.store

    @property
    def host_name(self) -> str:
        """See `tenants.host_in_links`. Raises `StoreError`."""
        return host_in_links(self.fleet, self.id)

    @property
    def installation(self) -> Installation:
        """As published at the moment. Raises `ConnectorError`."""
        return self._systems.installation(self._tenant)

    def open_store(self) -> Store:
        """Its phone book for one caller, who closes it. Raises `StoreError`."""
        return self.fleet.open_store(self._tenant)

    def loaded(self) -> LoadedTenant:
        """All that is published at the moment. Raises `ConnectorError`."""
        tenant = self._tenant
        return self.fleet.load(tenant.id, tenant.published)

    def profile(self, id: str) -> Profile:
        """One that is published. Raises `ConnectorError`."""
        return _published(self.loaded().profile(id), id, self.id)

    def whole_profile(self, id: str) -> LoadedProfile:
        """One that is published, with what trying its rules needs. Raises `ConnectorError`."""
        return _published(self.loaded().whole_profile(id), id, self.id)

    def bind_secrets(self, profile: Profile) -> None:
        """See `Fleet.bind_secrets`."""
        self.fleet.bind_secrets(self._tenant, profile)

    def require_active(self) -> None:
        """Raises `UsageError` for one that is suspended."""
        if self._tenant.state is not TenantState.ACTIVE:
            raise UsageError(
                f"tenant {self.id} is suspended: nothing of it is run", hint=f"pbx-connector tenants resume {self.id}"
            )

    def context(self, plugin: str) -> PluginContext:
        """What the plugin would be given if it served this phone system alone."""
        return PluginContext(
            plugin,
            installation=lambda: self.installation,
            store=lambda: self.store,
            open_store=self.open_store,
            store_url=self.no_address,
            phone_system=self.id,
            host_name=lambda: self.host_name,
            operator=self._systems.operator,
        )

    def no_address(self) -> str:
        """Raises `UsageError`."""
        raise UsageError(f"the phone book of {self.id} has no address of its own", hint="it is opened by its store")

    @property
    def _tenant(self) -> Tenant:
        """Raises `StoreError`, and `UsageError` once it is gone."""
        found = self._systems.tenant(self.id)
        if found.made != self.made:
            raise _gone(self.id)
        return found


class PhoneSystems:
    """All that one process serves: tenants that are not being added or removed."""

    def __init__(
        self,
        fleet: Fleet,
        clock: Callable[[], float] = time.monotonic,
        operator: Callable[[], Installation] | None = None,
    ) -> None:
        """`operator` is the installation of whoever serves them all."""
        self.fleet = fleet
        self.operator = operator
        self._clock = clock
        self._lock = threading.Lock()
        self._tenants: dict[str, _Known[Tenant | None]] = {}
        self._hosts: dict[str, _Known[str | None]] = {}
        self._systems: dict[str, PhoneSystem] = {}
        self._configured = lru_cache(CONFIGURED)(self._installation)

    def at(self, host: str) -> PhoneSystem | None:
        """The phone system that is reached by a host name, as `Host` of HTTP says it. Raises `StoreError`."""
        name, domain = host_of(host), self.fleet.config.domain
        if not is_host_name(name):
            return None
        id = self._remembered(self._hosts, name, lambda name: tenant_at(self.fleet.control, name, domain))
        return self.named(id) if id else None

    def named(self, id: str) -> PhoneSystem | None:
        """None for a tenant that is not there, or not whole. Raises `StoreError`."""
        found = self._known(id)
        if found is None or found.state not in registry.SERVED:
            with self._lock:
                self._systems.pop(id, None)
            return None
        with self._lock:
            held = self._systems.get(id)
            if held is None or held.made != found.made:
                held = self._systems[id] = PhoneSystem(id, found.made, self)
            return held

    def required(self, id: str) -> PhoneSystem:
        """Raises `UsageError` for one that is not there, or not whole, and `StoreError`."""
        found = self.named(id)
        if found is None:
            registry.find_served(self.fleet.control, id)
            raise UsageError(f"tenant {id} was added just now", hint="ask again")
        return found

    def __iter__(self) -> Iterator[PhoneSystem]:
        """Raises `StoreError`."""
        for tenant in registry.all_tenants(self.fleet.control):
            if system := self.named(tenant.id):
                yield system

    def tenant(self, id: str) -> Tenant:
        """Raises `UsageError` and `StoreError`."""
        found = self._known(id)
        if found is None:
            raise _gone(id)
        return found

    def installation(self, tenant: Tenant) -> Installation:
        """Raises `ConnectorError`."""
        return self._configured(tenant.id, tenant.made, tenant.published)

    def forget(self, id: str) -> None:
        """What is known of a tenant is asked for anew."""
        self._tenants.pop(id, None)

    def _known(self, id: str) -> Tenant | None:
        if not is_id(id):
            return None
        return self._remembered(self._tenants, id, lambda id: registry.known(self.fleet.control, id))

    def _installation(self, id: str, _made: float, number: int) -> Installation:
        files = PublishedFiles(self.fleet, id, lambda: self.forget(id))
        return replace(self.fleet.installation_of(self.tenant(id), number), versions=files)

    def _remembered(self, known: dict[str, _Known[Value]], key: str, ask: Callable[[str], Value]) -> Value:
        now = self._clock()
        held = known.get(key)
        if held is not None and now - held.since < FRESH:
            return held.value
        try:
            value = ask(key)
        except StoreError as error:
            if held is None:
                raise
            LOG.warning("the control database cannot be reached, what was known holds: %s", error.message)
            held.since = now
            return held.value
        with self._lock:
            if len(known) >= MOST_HOSTS:
                known.clear()
            known[key] = _Known(value, now)
        return value


def _gone(id: str) -> UsageError:
    return UsageError(f"there is no phone system {id} any more")


def _published(found: Value | None, profile: str, tenant: str) -> Value:
    if found is None:
        raise UsageError(
            f"no profile {profile[:100]} is published for tenant {tenant}",
            hint=f"see: pbx-connector tenants show {tenant}",
        )
    return found
