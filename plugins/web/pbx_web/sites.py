"""Which site a request is for: the only one there is, or by its host name that of one of many phone systems."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import anyio
import structlog
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pbx_connector.api import ConnectorError, FleetEngine, StoreError, application
from pbx_web.app import AtSite, SiteApp
from pbx_web.boundary import is_known
from pbx_web.login.addresses import note_url
from pbx_web.settings import WebSettings
from pbx_web.shares import shares_of
from pbx_web.site import Site

if TYPE_CHECKING:
    PhoneSystem = application.phone_systems.PhoneSystem
    PhoneSystems = application.phone_systems.PhoneSystems

LOG = structlog.stdlib.get_logger(__name__)

FRESH = 1.0
"""Seconds for which a site is found again without a look at its phone system."""
MOST = 1_000
"""Sites that are kept; the one that was asked for longest ago goes first, unless something goes on there."""
IDLE = 30 * 60.0
"""Seconds after which a site goes that nobody asked for: longer than wrong passwords are counted."""
FINDERS = 4
"""Threads that look for the site of a host name."""
LONGEST_HOST = 300
"""Characters of a name that is looked for."""

UNKNOWN = "these pages are not reached by this name; name it in the configuration: plugins: web: url\n"
NOBODY = "nothing is reached by this name\n"
UNREACHABLE = "it cannot be told just now who is reached by this name: try again\n"


class Sites(Protocol):
    unknown: str
    """What is said to a host name that nobody has."""

    async def at(self, host: str) -> ASGIApp | None:
        """What answers requests for a host name. Raises `ConnectorError` while that cannot be told."""
        ...

    def note_address(self, url: str) -> None:
        """Keep where the pages are served, for links that other processes make."""
        ...

    def close(self) -> None:
        """Nothing that was begun there goes on."""
        ...


class ByHost:
    """The application that sends each request to the site that it is for."""

    def __init__(self, sites: Sites) -> None:
        self._sites = sites

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return
        try:
            app = await self._sites.at(Headers(scope=scope).get("host", ""))
        except ConnectorError as error:
            LOG.warning("a host name cannot be looked up", reason=error.message)
            await _refuse(UNREACHABLE, 503, scope, receive, send)
            return
        if app is None:
            await _refuse(self._sites.unknown, 421, scope, receive, send)
        else:
            await app(scope, receive, send)


async def _refuse(said: str, status: int, scope: Scope, receive: Receive, send: Send) -> None:
    """A name that somebody else made point to this machine gets no page: scripts of his would read it."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await PlainTextResponse(said, status)(scope, receive, send)


class OneSite:
    """Of the only phone system, whatever it is called."""

    unknown = UNKNOWN

    def __init__(self, site: Site, pages: ASGIApp) -> None:
        self.site = site
        self._here = AtSite(pages, site)

    async def at(self, host: str) -> ASGIApp | None:
        return self._here if is_known(host, self.site.settings.host) else None

    def note_address(self, url: str) -> None:
        with suppress(StoreError):
            note_url(self.site.store(), url)

    def close(self) -> None:
        self.site.close()


@dataclass(slots=True)
class _Held:
    system: PhoneSystem
    here: AtSite
    used: float


class ManySites:
    """A site for each of many phone systems, made when it is first asked for. `provider` answers at the provider's own
    name, and wherever the machine is asked by its address."""

    unknown = NOBODY

    def __init__(
        self,
        systems: PhoneSystems,
        settings: WebSettings,
        pages: ASGIApp,
        provider: ASGIApp,
        clock: Callable[[], float] = time.monotonic,
        most: int = MOST,
    ) -> None:
        self._systems = systems
        self._settings = settings
        self._pages = pages
        self._provider = provider
        self._clock = clock
        self._most = most
        self._shares = shares_of(systems.fleet.config.connections)
        self._engine = FleetEngine(systems.fleet)
        self._lock = threading.Lock()
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._found: OrderedDict[str, tuple[float, AtSite | None]] = OrderedDict()
        self._finders = anyio.CapacityLimiter(FINDERS)

    async def at(self, host: str) -> ASGIApp | None:
        if is_known(host, self._settings.host):
            return self._provider
        if len(host) > LONGEST_HOST:
            return None
        found = self._found.get(host)
        if found is None or self._clock() - found[0] >= FRESH:
            return await anyio.to_thread.run_sync(self.find, host, limiter=self._finders)
        return found[1]

    def find(self, host: str) -> AtSite | None:
        """Looks for it anew: call it in a thread. Raises `ConnectorError`."""
        system = self._systems.at(host)
        with self._lock:
            here, left = self._site_of(system) if system else (None, self._left(host))
            self._remember(host, here)
            left += self._superfluous()
            for held in left:
                self._held.pop(held.here.site.id, None)
        for held in left:
            held.here.site.close()
        if here is not None:
            here.site.refresh()
        return here

    def close(self) -> None:
        with self._lock:
            held, self._held = list(self._held.values()), OrderedDict()
            self._found.clear()
        for each in held:
            each.here.site.close()
        self._engine.close()
        if isinstance(self._provider, SiteApp):
            self._provider.site.close()

    def note_address(self, url: str) -> None:
        """That of the provider's own pages: a phone system's is told by its host names."""
        with suppress(StoreError), self._systems.fleet.open_provider_store() as store:
            note_url(store, url)

    def _site_of(self, system: PhoneSystem) -> tuple[AtSite, list[_Held]]:
        """With the site of another phone system, which had the same id and is gone."""
        held = self._held.get(system.id)
        left = [held] if held is not None and held.system is not system else []
        if held is None or left:
            site = Site(system.context("web"), self._settings, system=system, engine=self._engine, shares=self._shares)
            held = _Held(system, AtSite(self._pages, site), 0.0)
        held.used = self._clock()
        self._held.pop(system.id, None)
        self._held[system.id] = held
        return held.here, left

    def _left(self, host: str) -> list[_Held]:
        """The site that was at a host name at which nobody is any more, unless it has other names."""
        _, here = self._found.get(host, (0.0, None))
        held = self._held.get(here.site.id) if here else None
        return [held] if held is not None and self._systems.named(held.system.id) is not held.system else []

    def _remember(self, host: str, here: AtSite | None) -> None:
        self._found[host] = self._clock(), here
        self._found.move_to_end(host)
        while len(self._found) > 2 * self._most:
            self._found.popitem(last=False)

    def _superfluous(self) -> Iterator[_Held]:
        """Sites that nobody asked for in a while, or that are too many."""
        now, over = self._clock(), len(self._held) - self._most
        for held in list(self._held.values()):
            if over <= 0 and now - held.used < IDLE:
                break
            if not held.here.site.is_busy:
                over -= 1
                yield held
