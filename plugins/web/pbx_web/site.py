"""What the pages have of the installation that they are served for."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from pbx_connector.api import Config, PluginContext, Store, application
from pbx_web.login.sessions import Sessions
from pbx_web.settings import WebSettings


class Site:
    """Made once for all requests; its parts are for all threads."""

    def __init__(self, context: PluginContext, settings: WebSettings, store: Callable[[], Store] | None = None) -> None:
        """`store` is the phone book that a command has opened to write; a service's is the context's own."""
        self.context = context
        self.settings = settings
        self.store = store or context.store
        """Raises `StoreError` while the phone book cannot be reached."""
        self.sessions = Sessions()
        self._secret = secrets.token_bytes(32)

    @property
    def installation(self) -> application.Installation:
        return self.context.installation

    @property
    def config(self) -> Config:
        return self.context.config

    def now(self) -> datetime:
        return self.context.clock()

    def signed(self, text: str) -> str:
        """`text` with a mark that only this process can make, for cookies."""
        return f"{hmac.new(self._secret, text.encode(), sha256).hexdigest()}{text}"

    def verified(self, signed: str) -> str:
        """The text that was signed; empty if it was not signed here."""
        mark, text = signed[:64], signed[64:]
        return text if hmac.compare_digest(self.signed(text)[:64].encode(), mark.encode()) else ""
