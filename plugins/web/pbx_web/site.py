"""What the pages have of the installation that they are served for."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, TypeVar

from pbx_connector.api import Config, DeviceAccess, PluginContext, Store, application
from pbx_web.jobs import Jobs
from pbx_web.kept import Kept
from pbx_web.login.authentication import Authentication
from pbx_web.login.provider import Provider
from pbx_web.login.sessions import Sessions
from pbx_web.permissions import ROLES, Role
from pbx_web.settings import WebSettings

Value = TypeVar("Value")


class Site:
    """Made once for all requests; its parts are for all threads."""

    places: Sequence[tuple[str, str, Role]] = ()
    """The main navigation, if it is another one than that of a phone system's pages; see `rendering.PLACES`."""
    roles: Sequence[tuple[Role, str]] = ROLES
    """What each role may do here, in words."""
    has_phone_book: bool = True

    def forget_user(self, name: str) -> None:
        """Once a user is gone or new: nothing counts that was said of one of that name."""

    def __init__(self, context: PluginContext, settings: WebSettings, store: Callable[[], Store] | None = None) -> None:
        """`store` is the phone book that a command has opened to write; a service's is the context's own."""
        self.context = context
        self.settings = settings
        self.store = store or context.store
        """Raises `StoreError` while the phone book cannot be reached."""
        self.sessions = Sessions(self.store, settings.login, self.now)
        self.authentication = Authentication(self.store)
        self.provider = Provider(settings.login.oidc) if settings.login.oidc else None
        self.kept = Kept()
        self.tally = application.tally.RunTally()
        self.jobs = Jobs(self.now)
        self._secret = secrets.token_bytes(32)
        self._folder: Any = None
        self._scanning = threading.Lock()
        self._of_revision: tuple[str, dict[object, Any]] = ("", {})

    @property
    def installation(self) -> application.Installation:
        return self.context.installation

    @property
    def config(self) -> Config:
        return self.context.config

    def now(self) -> datetime:
        return self.context.clock()

    @cached_property
    def device_access(self) -> Sequence[DeviceAccess]:
        """Which plugins serve devices, and what these need for it."""
        return self.installation.plugins.device_access(self.context.of)

    def status(self) -> application.status.ServiceStatus:
        """How all stands: live within the service, else what folder and store say by themselves."""
        if self.context.status:
            return self.context.status()
        with self._scanning:
            self._folder = self._folder or application.offline_status.folder_of(self.installation)
            offline = application.offline_status.OfflineStatus(
                self.installation, self.context.store_url, folder=self._folder, store=self.store
            )
            return offline.status()

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
        self.jobs.stop()

    def signed(self, text: str) -> str:
        """`text` with a mark that only this process can make, for cookies."""
        return f"{hmac.new(self._secret, text.encode(), sha256).hexdigest()}{text}"

    def verified(self, signed: str) -> str:
        """The text that was signed; empty if it was not signed here."""
        mark, text = signed[:64], signed[64:]
        return text if hmac.compare_digest(self.signed(text)[:64].encode(), mark.encode()) else ""
