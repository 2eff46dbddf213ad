"""What `serve` runs beside the schedules, and `web` alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from pbx_connector.api import Listener, PluginContext, Server, Store, StoreError, Tls
from pbx_web.app import make_app
from pbx_web.login.addresses import note_url
from pbx_web.settings import WebSettings
from pbx_web.site import Site

LONGEST_MESSAGE = 2**22
"""Bytes of a message over a WebSocket: a profile's text, escaped."""


class PagesServer(Server):
    name = "web"

    def __init__(
        self, context: PluginContext, settings: WebSettings, address: str, store: Callable[[], Store] | None = None
    ) -> None:
        self.site = Site(context, settings, store)
        self._settings = settings
        self._wanted = address
        self._listener: Listener | None = None

    @property
    def address(self) -> str:
        if self._listener is None:
            return ""
        scheme = "https" if self._settings.certificate else "http"
        return (self._settings.url or f"{scheme}://{self._listener.address}").rstrip("/")

    def start(self) -> None:
        settings = self._settings
        tls = Tls(settings.certificate, settings.key) if settings.certificate else None
        self._listener = Listener(
            make_app(self.site),
            self._wanted,
            tls,
            name="web",
            setting="plugins: web: listen",
            longest_message=LONGEST_MESSAGE,
        )
        self._listener.start()
        with suppress(StoreError):
            note_url(self.site.store(), self.address)

    def stop(self) -> None:
        self.site.close()
        if self._listener:
            self._listener.stop()
