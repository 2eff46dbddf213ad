"""From settings to a server that has answered once: where it is, how to log in, and whose eyes to see with.

Between `pbx_exchange.settings` and the wire; `pbx_exchange.source` holds the `Connection` for as long as a run lasts.
"""

from __future__ import annotations

import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exchangelib import Configuration, Credentials
from exchangelib.account import Identity
from exchangelib.errors import (
    ErrorAccountDisabled,
    ErrorInvalidServerVersion,
    ErrorPasswordChangeRequired,
    ErrorPasswordExpired,
    ResponseMessageError,
)
from exchangelib.transport import BASIC, NOAUTH, NTLM
from exchangelib.version import VERSIONS, Version
from requests.auth import AuthBase
from urllib3.exceptions import InsecureRequestWarning

from pbx_connector.api import RefusalLimit, UnreadableFile, read_certificates
from pbx_exchange.discovery import Discovered, discover
from pbx_exchange.error_catalog import NO_KERBEROS, UNREADABLE
from pbx_exchange.error_mapping import explain, translated
from pbx_exchange.kerberos import TicketAuth, is_installed
from pbx_exchange.oauth import TokenAuth
from pbx_exchange.settings import ExchangeSettings
from pbx_exchange.wire.adapter import TransportOptions
from pbx_exchange.wire.endpoint import BUSY, Endpoint, Mailbox, RetryPolicy, is_refusal
from pbx_exchange.wire.services import GetFolder, distinguished, folder_shape

_FIRST_WAIT = 5.0
MIB = 1024 * 1024
PARALLEL = 10
"""Address books that a run reads at a time: each holds one answer."""
_NO_USE = (ErrorAccountDisabled, ErrorPasswordExpired, ErrorPasswordChangeRequired, ErrorInvalidServerVersion)
_SCHEMES = {"basic": BASIC, "ntlm": NTLM}
_NAMES = {"basic": "Basic", "ntlm": "NTLM"}
"""As servers offer them."""


class Connection:
    """A server that knows us. `service` sees with the service user's own eyes."""

    def __init__(self, settings: ExchangeSettings, endpoint: Endpoint, public_mailbox: str) -> None:
        self._settings = settings
        self._endpoint = endpoint
        self._public_mailbox = public_mailbox
        # An application has no mailbox of its own: it sees with the service user's eyes by impersonating it, too.
        self._self = Identity(primary_smtp_address=settings.email) if settings.oauth else None
        self._mailboxes: dict[tuple[str, str], Mailbox] = {}
        self._lock = threading.Lock()
        self.service = self._mailbox(settings.email, self._self)

    @property
    def url(self) -> str:
        return str(self._endpoint.service_endpoint)

    def prove(self) -> None:
        """Ask for one folder, without patience: a wrong password or a wrong address is told at once."""
        try:
            (answer,) = GetFolder(account=self.service).each([distinguished("msgfolderroot")], folder_shape())
            if isinstance(answer, _NO_USE):
                raise answer
        except ResponseMessageError as error:
            # The service user may lack a mailbox of its own and still read everybody else's.
            if isinstance(error, (*BUSY, *_NO_USE)):
                raise
            if self._self is not None:
                raise explain(error, self._settings.email) from None
        self._endpoint.retry_policy.proven = True

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
            key = ("delegate", owner)
            if key not in self._mailboxes:
                self._mailboxes[key] = self._mailbox(owner, self._self)
            return self._mailboxes[key]

    def public(self, replica: str = "") -> Mailbox:
        """On the way to the list of public folders, or to the mailbox of this id that holds a folder's content."""
        with self._lock:
            key = ("public", replica)
            if key not in self._mailboxes:
                self._mailboxes[key] = self._mailbox(self._settings.email, self._self)
                content = f"{replica}@{self._settings.mail_domain}" if replica else ""
                self._mailboxes[key].public = content or self._public_mailbox
            return self._mailboxes[key]

    def close(self) -> None:
        self._endpoint.close()

    def _mailbox(self, anchor: str, identity: Identity | None) -> Mailbox:
        return Mailbox(self._endpoint, _version(self._settings.version), anchor, identity)


@contextmanager
def connect(settings: ExchangeSettings) -> Iterator[Connection]:
    """A proven connection. Raises `SourceError` in words about what failed."""
    where = settings.url or settings.email
    with translated(where):
        connection = open_unproven(settings)
    try:
        with translated(where):
            connection.prove()
        yield connection
    finally:
        connection.close()


def open_unproven(settings: ExchangeSettings) -> Connection:
    """A connection that nobody has tried yet; finds the server first if the settings do not say where it is."""
    transport = transport_of(settings)
    auth = _auth_of(settings, transport)
    log_in = _log_in_of(settings)
    found = locate(settings, transport, log_in)
    config = Configuration(
        service_endpoint=found.url,
        credentials=_credentials_of(settings),
        auth_type=NOAUTH if auth else _SCHEMES.get(settings.auth),
        version=_version(settings.version),
        retry_policy=RetryPolicy(settings.patience, _FIRST_WAIT, _NAMES.get(settings.auth, "")),
        max_connections=settings.connections,
    )
    endpoint = Endpoint(config, transport, auth, log_in)
    return Connection(settings, endpoint, settings.public.mailbox or found.public_mailbox)


def locate(settings: ExchangeSettings, transport: TransportOptions, log_in: RefusalLimit | None = None) -> Discovered:
    """By the settings, by the cloud (whose autodiscover refuses applications), or by autodiscover."""
    if settings.address:
        return Discovered(settings.address, "")
    auth = _auth_of(settings, transport)
    credentials = _credentials_of(settings)
    return discover(settings.email, transport.small_session, credentials, auth, log_in or _log_in_of(settings))


def _log_in_of(settings: ExchangeSettings) -> RefusalLimit:
    return RefusalLimit(is_refusal, renewed=settings.oauth is not None)


def transport_of(settings: ExchangeSettings) -> TransportOptions:
    if settings.ca_file:
        _require_certificates(settings.ca_file)
    if not settings.verify:  # said in our own words, once; urllib3 would say it with each request
        warnings.simplefilter("ignore", InsecureRequestWarning)
    return TransportOptions(
        seconds=settings.timeout,
        verify=str(settings.ca_file) if settings.ca_file else settings.verify,
        proxies={"http": settings.proxy, "https": settings.proxy} if settings.proxy else {},
        proxy_login=_proxy_login(settings),
        memory=settings.memory * MIB // 3 // max(PARALLEL, settings.connections),
    )


def _proxy_login(settings: ExchangeSettings) -> tuple[str, str] | None:
    if settings.proxy_username is None or settings.proxy_password is None:
        return None
    return settings.proxy_username, settings.proxy_password.reveal().get_secret_value()


def _require_certificates(file: Path) -> None:
    """requests would call a missing file trouble of the network, and one without certificates trouble of TLS."""
    try:
        read_certificates(file)
        ssl.create_default_context(cafile=str(file))
    except (UnreadableFile, OSError):
        raise UNREADABLE.error("ca_file", str(file)) from None


def _auth_of(settings: ExchangeSettings, transport: TransportOptions) -> AuthBase | None:
    """For what exchangelib has no credentials of its own, or handles them badly."""
    if settings.oauth:
        return TokenAuth(settings.oauth, transport.small_session(secret=True))
    if settings.auth == "kerberos":
        if not is_installed():
            raise NO_KERBEROS.error("auth: kerberos")
        return TicketAuth()
    return None


def _credentials_of(settings: ExchangeSettings) -> Credentials | None:
    if settings.password is None or settings.oauth or settings.auth == "kerberos":
        return None
    return Credentials(settings.login, settings.password.reveal().get_secret_value())


def _version(name: str) -> Version:
    """Pinned rather than guessed: guessing costs requests and fails for applications without a user (X#735)."""
    return Version(build=next(build for build, known, _ in VERSIONS if known == name), api_version=name)
