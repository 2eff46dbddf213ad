"""Log-ins: the profile's, and those of accounts that have one of their own, each with a client at the server."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from pbx_carddav.discovery import Discovery
from pbx_carddav.error_catalog import NAMELESS, NO_PASSWORD
from pbx_carddav.error_mapping import translated
from pbx_carddav.settings import CardDavSettings
from pbx_carddav.wire.client import DavClient, Hosts, Login
from pbx_carddav.wire.retries import RetryPolicy
from pbx_connector.api import Account, Secret, Transport, TransportOptions, UsageError

PARALLEL = 10
"""Address books that a run reads at a time: each holds one answer."""
_MIB = 1024 * 1024
_COPIES = 3
"""What is made of an answer takes as much again, twice."""


class NoFile(Exception):
    """The account has no file in the folder of passwords."""


class Accesses:
    """Thread-safe, one per opened source. Raises `SourceError`."""

    def __init__(self, settings: CardDavSettings) -> None:
        self._settings = settings
        with translated("ca_file"):
            self._transport = Transport(
                TransportOptions(settings.timeout, PARALLEL, settings.verify, settings.ca_file, proxy=settings.proxy)
            )
        self._policy = RetryPolicy(settings.patience)
        self._lock = threading.Lock()
        self._company: DavClient | None = None
        self._own: dict[str, DavClient] = {}

    def close(self) -> None:
        self._transport.close()

    def company(self) -> DavClient:
        """With the profile's own log-in."""
        with self._lock:
            if self._company is None:
                self._company = self._client(self._settings.url, _login(self._settings))
            return self._company

    def discovery(self) -> Discovery:
        return Discovery(self.company(), self._settings.url)

    def discovery_of(self, account: Account) -> Discovery:
        """Raises `NoFile`."""
        personal = self._settings.personal
        url = _filled(personal.url, account) if personal.url is not None else self._settings.url
        if personal.passwords is None:
            client = self.company() if personal.url is None else self._of(account, url, None)
            return Discovery(client, url, own=False)
        return Discovery(self._of(account, url, personal.passwords), url)

    def _of(self, account: Account, url: str, passwords: Path | None) -> DavClient:
        with self._lock:
            if account.id not in self._own:
                login = _own_login(passwords, account) if passwords else _login(self._settings)
                self._own[account.id] = self._client(url, login)
            return self._own[account.id]

    def _client(self, url: str, login: Login | None) -> DavClient:
        hosts = Hosts(url, self._settings.hosts)
        memory = self._settings.memory * _MIB // 3 // PARALLEL // _COPIES
        return DavClient(self._transport, login, hosts, self._policy, memory)


def _login(settings: CardDavSettings) -> Login | None:
    if settings.username is None or settings.password is None:
        return None
    return Login(settings.username, settings.password.reveal().get_secret_value())


def _own_login(folder: Path, account: Account) -> Login:
    """The file has the password alone, or the log-in name in a line of its own before it."""
    path = _password_file(folder, account)
    try:
        lines = [line.rstrip("\r") for line in Secret(file=path).reveal().get_secret_value().split("\n")]
    except UsageError as error:
        raise NO_PASSWORD.of(error.message).error(account.id) from None
    username, password = (lines[0].strip(), lines[1]) if len(lines) > 1 and lines[1] else (account.username, lines[0])
    if not username or ":" in username:
        raise NAMELESS.of("username").error(account.id)
    return Login(username, password)


def _password_file(folder: Path, account: Account) -> Path:
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise NO_PASSWORD.of(error.strerror or type(error).__name__).error(account.id) from None
    if not names:
        raise NO_PASSWORD.of("the folder is empty").error(account.id)
    found = next((name for name in (account.username, account.id) if name in names and not name.startswith(".")), None)
    if found is None:
        raise NoFile(account.id)
    return folder / found


def _filled(pattern: str, account: Account) -> str:
    """Raises `SourceError` if the account lacks what the address is made of."""
    values: Mapping[str, str] = {"id": account.id, "username": account.username, "email": account.email}
    for name, value in values.items():
        placeholder = "{" + name + "}"
        if placeholder in pattern and (not value or value in (".", "..")):
            raise NAMELESS.of(name).error(account.id)
        pattern = pattern.replace(placeholder, quote(value, safe="@"))
    return pattern
