"""What `serve` runs beside the schedules, and `web` alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from starlette.types import ASGIApp

from pbx_connector.api import Listener, PluginContext, Server, Store, Tls
from pbx_web.app import make_pages
from pbx_web.boundary import Boundary
from pbx_web.settings import WebSettings
from pbx_web.site import Site
from pbx_web.sites import ByHost, ManySites, OneSite, Sites

LONGEST_MESSAGE = 2**22
"""Bytes of a message over a WebSocket: a profile's text, escaped."""


class PagesServer(Server):
    """Of one phone system, or of all that the context has."""

    name = "web"

    def __init__(
        self, context: PluginContext, settings: WebSettings, address: str, store: Callable[[], Store] | None = None
    ) -> None:
        """`store`: see `Site`."""
        self._context = context
        self._settings = settings
        self._wanted = address
        self._store = store
        self._listener: Listener | None = None

    @cached_property
    def sites(self) -> Sites:
        """Raises `ConnectorError`."""
        pages, systems = make_pages(), self._context.phone_systems
        if systems is None:
            return OneSite(Site(self._context, self._settings, self._store), pages)
        return ManySites(systems, self._settings, pages, _provider(self._context, self._settings))

    @property
    def site(self) -> Site:
        """That of the only phone system."""
        assert isinstance(self.sites, OneSite)  # noqa: S101 - asked for where there is one alone
        return self.sites.site

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
            Boundary(ByHost(self.sites), settings),
            self._wanted,
            tls,
            name="web",
            setting="plugins: web: listen",
            longest_message=LONGEST_MESSAGE,
        )
        self._listener.start()
        self.sites.note_address(self.address)

    def stop(self) -> None:
        self.sites.close()
        if self._listener:
            self._listener.stop()


def _provider(context: PluginContext, settings: WebSettings) -> ASGIApp:
    """The provider's own pages."""
    from pbx_web.provider.site import provider_app  # they need many phone systems

    return provider_app(context, settings)
