"""What the pages have of the installation that they are served for."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import structlog

from pbx_connector.api import (
    Config,
    ConnectorError,
    DeviceAccess,
    FleetEngine,
    PluginContext,
    Store,
    Throttle,
    User,
    application,
)
from pbx_web.jobs import Jobs
from pbx_web.kept import Kept
from pbx_web.login.authentication import Authentication
from pbx_web.login.passwords import Passwords
from pbx_web.login.provider import Provider
from pbx_web.login.sessions import Sessions
from pbx_web.operations import HostedOperations, LocalOperations, Operations
from pbx_web.permissions import ROLES, Role
from pbx_web.settings import WebSettings
from pbx_web.shares import FOLLOWERS_OF_ONE, THREADS_OF_ONE, Shares, Talks

if TYPE_CHECKING:
    PhoneSystem = application.phone_systems.PhoneSystem

Value = TypeVar("Value")

LOG = structlog.stdlib.get_logger(__name__)


class Site:
    """Made once for all requests; its parts are for all threads."""

    places: Sequence[tuple[str, str, Role]] = ()
    """The main navigation, if it is another one than that of a phone system's pages; see `rendering.PLACES`."""
    roles: Sequence[tuple[Role, str]] = ROLES
    """What each role may do here, in words."""
    has_phone_book: bool = True

    def forget_user(self, name: str) -> None:
        """Once a user is gone or new: nothing counts that was said of one of that name."""

    def __init__(
        self,
        context: PluginContext,
        settings: WebSettings,
        store: Callable[[], Store] | None = None,
        *,
        system: PhoneSystem | None = None,
        engine: FleetEngine | None = None,
        shares: Shares | None = None,
    ) -> None:
        """`store` is the phone book that a command has opened to write; a service's is the context's own. `system` is
        the phone system that the site is of, if it is one of many, and `engine` runs its profiles; `settings` are the
        provider's then."""
        self.context = context
        self.id = system.id if system else ""
        """Of the phone system; empty where there is one alone."""
        self._said = settings
        self.settings = settings.for_one_of_many(None) if system else settings
        self.store = store or context.store
        """Raises `StoreError` while the phone book cannot be reached."""
        self.shares = shares or Shares()
        self.threads = anyio.CapacityLimiter(THREADS_OF_ONE)
        self.talks = Talks(self.shares.talks)
        self.followers = threading.BoundedSemaphore(FOLLOWERS_OF_ONE)
        self.visitors = application.visitors.Visitors(system.fleet, system.id) if system else None
        """Users of the provider, who may enter; None where there is no provider."""
        self.sessions = Sessions(self.store, lambda: self.settings.login, self.now, self._is_welcome)
        self.authentication = Authentication(self.store, Passwords(total=self.shares.passwords))
        self.failures_noted = Throttle(20, 600)
        """Log-ins by single sign-on that failed: anybody can make as many as he likes."""
        self.kept = Kept()
        self.tally = application.tally.RunTally()
        self.jobs = Jobs(self.now, total=self.shares.jobs, told=lambda error: self.operations.told(error))
        self.is_closed = False
        self._provider: Provider | None = None
        self._secret = secrets.token_bytes(32)
        self.operations: Operations = (
            HostedOperations(system, engine, self.store) if system and engine else LocalOperations(context, self.store)
        )
        self._of_revision: tuple[str, dict[object, Any]] = ("", {})

    def _is_welcome(self, user: User) -> bool:
        return self.visitors.is_welcome(user) if self.visitors else not user.is_visitor

    def refresh(self) -> None:
        """What the phone system's own configuration says by now of these pages. It may be read anew: call it in a
        thread. One that cannot be read changes nothing."""
        try:
            self.settings = self._said.for_one_of_many(self.context.settings)
        except ConnectorError as error:
            LOG.warning("the configuration of the pages cannot be read", reason=error.message)

    @property
    def provider(self) -> Provider | None:
        """By which people log in, if one is configured."""
        oidc = self.settings.login.oidc
        if oidc is None:
            return None
        held = self._provider
        if held is None or held.settings != oidc:
            held = self._provider = Provider(oidc)
        return held

    @property
    def is_busy(self) -> bool:
        """Whether something goes on that somebody waits for."""
        return any(not job.is_over for job in self.jobs.of())

    @property
    def installation(self) -> application.Installation:
        return self.context.installation

    @property
    def config(self) -> Config:
        return self.context.config

    def now(self) -> datetime:
        return self.context.clock()

    @property
    def device_access(self) -> Sequence[DeviceAccess]:
        """Which plugins serve devices, and what these need for it by what the configuration says now."""
        return self.installation.plugins.device_access(self.context.of)

    def status(self) -> application.status.ServiceStatus:
        """How all stands."""
        return self.operations.status()

    def as_of_revision(self, store: Store, what: object, make: Callable[[], Value]) -> Value:
        """What is made of the phone book alone, until that changes."""
        revision = store.revision()
        if self._of_revision[0] != revision:
            self._of_revision = (revision, {})
        known = self._of_revision[1]
        if what not in known:
            known[what] = make()
        value: Value = known[what]
        return value

    def close(self) -> None:
        """Nothing that was begun here goes on, and nothing of it stays."""
        self.is_closed = True
        self.jobs.stop()

    def signed(self, text: str) -> str:
        """`text` with a mark that only this process can make, for cookies."""
        return f"{hmac.new(self._secret, text.encode(), sha256).hexdigest()}{text}"

    def verified(self, signed: str) -> str:
        """The text that was signed; empty if it was not signed here."""
        mark, text = signed[:64], signed[64:]
        return text if hmac.compare_digest(self.signed(text)[:64].encode(), mark.encode()) else ""
