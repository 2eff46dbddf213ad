"""What `serve` runs beside the schedules, and `directory serve` alone: the ways to ask that are configured."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from pbx_connector.api import Exporter, Listener, Server, Tls
from pbx_directory.formats import Format, known_formats
from pbx_directory.ldap.limits import Limits
from pbx_directory.ldap.server import LdapServer
from pbx_directory.settings import MOST_ENTRIES, DirectorySettings
from pbx_directory.systems import Systems
from pbx_directory.web import Pages


class Side(Server):
    """One way to ask."""

    @property
    @abstractmethod
    def urls(self) -> Mapping[str, str]:
        """Where it is asked, by the name of its setting; known once it has started."""

    @property
    def address(self) -> str:
        return ", ".join(self.urls.values())


class HttpSide(Side):
    """Remote phone books and the look-up of callers."""

    name = "directory-http"

    def __init__(
        self, systems: Systems, formats: Mapping[str, Format], settings: DirectorySettings, address: str
    ) -> None:
        self._systems = systems
        self._settings = settings
        self._wanted = address
        self._pages = Pages(systems, settings, formats, lambda: self.urls["http"])
        self._listener: Listener | None = None

    @property
    def urls(self) -> Mapping[str, str]:
        if self._listener is None:
            return {}
        scheme = "https" if self._settings.certificate else "http"
        return {"http": (self._settings.url or f"{scheme}://{self._listener.address}").rstrip("/")}

    def start(self) -> None:
        self._listener = Listener(
            self._pages.application(),
            self._wanted,
            _tls(self._settings),
            name="directory http",
            setting="plugins: directory: http",
        )
        self._listener.start()
        self._systems.start()

    def stop(self) -> None:
        if self._listener:
            self._listener.stop()
        self._pages.close()
        self._systems.stop()


class LdapSide(Side):
    name = "directory-ldap"

    def __init__(self, systems: Systems, settings: DirectorySettings) -> None:
        self._systems = systems
        self._settings = settings
        self._server: LdapServer | None = None

    @property
    def urls(self) -> Mapping[str, str]:
        if self._server is None:
            return {}
        plain = {"ldap": f"ldap://{self._server.address}"} if self._settings.ldap else {}
        return plain | ({"ldaps": f"ldaps://{self._server.tls_address}"} if self._settings.ldaps else {})

    def start(self) -> None:
        settings = self._settings
        self._server = LdapServer(
            self._systems,
            ldap=settings.ldap,
            ldaps=settings.ldaps,
            tls=_tls(settings),
            plain=settings.plain,
            limits=Limits(entries=MOST_ENTRIES),
        )
        self._server.start()
        self._systems.start()

    def stop(self) -> None:
        if self._server:
            self._server.stop()
        self._systems.stop()


def sides(systems: Systems, exporters: Mapping[str, Exporter], settings: DirectorySettings) -> list[Side]:
    """One for each way to ask that `settings` say; they share who was refused too often. These are the settings of who
    runs the machine: each phone system has its own besides."""
    found: list[Side] = []
    if settings.http:
        found.append(HttpSide(systems, known_formats(exporters), settings, settings.http))
    if settings.ldap or settings.ldaps:
        found.append(LdapSide(systems, settings))
    return found


def _tls(settings: DirectorySettings) -> Tls | None:
    return Tls(settings.certificate, settings.key) if settings.certificate else None
