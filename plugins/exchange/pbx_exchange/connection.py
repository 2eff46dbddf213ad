"""From settings to a server that has answered once: where it is, how to log in, and whose eyes to see with.

Between `pbx_exchange.settings` and the wire; `pbx_exchange.source` holds the `Connection` for as long as a run lasts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from exchangelib import Configuration, Credentials
from exchangelib.account import Identity
from exchangelib.errors import ResponseMessageError
from exchangelib.transport import BASIC, GSSAPI, NTLM
from exchangelib.version import VERSIONS, Version

from pbx_exchange.settings import ExchangeSettings
from pbx_exchange.trouble import translated
from pbx_exchange.wire.endpoint import BUSY, Endpoint, Mailbox, Patience
from pbx_exchange.wire.services import GetFolder, distinguished, folder_shape

_FIRST_WAIT = 5.0
_SCHEMES = {"basic": BASIC, "ntlm": NTLM, "kerberos": GSSAPI}


class Connection:
    """A server that knows us. `service` sees with the service user's own eyes."""

    def __init__(self, settings: ExchangeSettings, endpoint: Endpoint, patience: Patience) -> None:
        self._settings = settings
        self._endpoint = endpoint
        self._patience = patience
        self._mailboxes: dict[tuple[str, str], Mailbox] = {}
        self._lock = threading.Lock()
        self.service = self._mailbox(settings.email)

    def prove(self) -> None:
        """Ask for one folder, without patience: a wrong password or a wrong address is told at once."""
        try:
            GetFolder(account=self.service).each([distinguished("msgfolderroot")], folder_shape())
        except ResponseMessageError as error:
            # The service user may lack a mailbox of its own and still read everybody else's.
            if isinstance(error, BUSY):
                raise
        self._patience.proven = True

    def impersonate(self, *, email: str = "", principal: str = "") -> Mailbox:
        """The mailbox of this address or principal name, seen as its owner sees it."""
        with self._lock:
            key = ("principal", principal) if principal else ("email", email)
            if key not in self._mailboxes:
                identity = Identity(upn=principal) if principal else Identity(primary_smtp_address=email)
                self._mailboxes[key] = self._mailbox(email or principal, identity)
            return self._mailboxes[key]

    def delegate(self, owner: str) -> Mailbox:
        """The service user's own eyes, on its way to the server that has the owner's mailbox."""
        with self._lock:
            return self._mailboxes.setdefault(("delegate", owner), self._mailbox(owner))

    def public(self) -> Mailbox:
        mailbox = self._mailbox(self._settings.email)
        mailbox.public = self._settings.public.mailbox or ""
        return mailbox

    def close(self) -> None:
        self._endpoint.close()

    def _mailbox(self, anchor: str, identity: Identity | None = None) -> Mailbox:
        return Mailbox(self._endpoint, _version(self._settings.version), anchor, identity)


@contextmanager
def connect(settings: ExchangeSettings) -> Iterator[Connection]:
    """A proven connection. Raises `SourceError` in words about what failed."""
    patience = Patience(settings.patience, _FIRST_WAIT)
    with translated(settings.url or settings.email):
        connection = Connection(settings, _endpoint(settings, patience), patience)
    try:
        with translated(settings.url or settings.email):
            connection.prove()
        yield connection
    finally:
        connection.close()


def _endpoint(settings: ExchangeSettings, patience: Patience) -> Endpoint:
    config = Configuration(
        service_endpoint=settings.url,
        credentials=_credentials(settings),
        auth_type=_SCHEMES.get(settings.auth),
        version=_version(settings.version),
        retry_policy=patience,
        max_connections=settings.connections,
    )
    return Endpoint(
        config,
        seconds=settings.timeout,
        verify=str(settings.ca_file.expanduser()) if settings.ca_file else settings.verify,
        proxies={"http": settings.proxy, "https": settings.proxy} if settings.proxy else {},
    )


def _credentials(settings: ExchangeSettings) -> Credentials | None:
    if settings.password is None:
        return None
    return Credentials(settings.login, settings.password.reveal().get_secret_value())


def _version(name: str) -> Version:
    """Pinned rather than guessed: guessing costs requests and fails for applications without a user (X#735)."""
    return Version(build=next(build for build, known, _ in VERSIONS if known == name), api_version=name)
