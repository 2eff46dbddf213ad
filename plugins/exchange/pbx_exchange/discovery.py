"""Autodiscover: from an e-mail address to the web services, by exchangelib's steps on connections of ours.

exchangelib keeps what it found in a file shared by all processes, and would use connections without our CA file, proxy
and limits. Called by `pbx_exchange.connection` where the settings give no `url`.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from dns.exception import DNSException
from exchangelib import Configuration, Credentials
from exchangelib.autodiscover.discovery import Autodiscovery
from exchangelib.autodiscover.protocol import AutodiscoverProtocol
from exchangelib.errors import AutoDiscoverFailed, RedirectError, TransportError, UnauthorizedError
from exchangelib.properties import UserResponse
from exchangelib.protocol import FailFast
from exchangelib.services import GetUserSettings
from exchangelib.transport import NOAUTH
from exchangelib.util import ANS, CONNECTION_ERRORS, add_xml_child, get_domain
from requests import Session
from requests.auth import AuthBase

from pbx_connector.api import RefusalLimit
from pbx_exchange.kerberos import NoTicket

log = logging.getLogger(__name__)

MakeSession = Callable[[], Session]
_MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Discovered:
    url: str
    public_mailbox: str
    """Where the list of public folders is; empty if the server does not tell."""


def discover(
    email: str,
    make_session: MakeSession,
    credentials: Credentials | None,
    auth: AuthBase | None,
    log_in: RefusalLimit,
) -> Discovered:
    """Raises exchangelib's errors and `NoTicket`; asks each candidate once. `auth` goes in place of credentials."""
    answer = _Steps(email, make_session, credentials, auth, log_in).find()
    settings = answer.user_settings
    url = settings.get("external_ews_url") or settings.get("internal_ews_url") or ""
    if urlsplit(url).scheme != "https":
        raise AutoDiscoverFailed("the server names no protected address of its web services")
    return Discovered(url, settings.get("public_folder_information") or "")


class _Answer(UserResponse):
    """With the one setting that exchangelib does not know."""

    SETTINGS_MAP = UserResponse.SETTINGS_MAP | {"public_folder_information": "PublicFolderInformation"}
    REVERSE_SETTINGS_MAP = {name: key for key, name in SETTINGS_MAP.items()}  # noqa: RUF012 - as in the base class


class _Ask(GetUserSettings):
    def get_payload(self, users: Any, settings: Any) -> Any:
        payload = super().get_payload(users=users, settings=settings)
        add_xml_child(payload.find(f".//{{{ANS}}}RequestedSettings"), "a:Setting", "PublicFolderInformation")
        return payload

    def _elem_to_obj(self, elem: Any) -> _Answer:
        answer: _Answer = _Answer.from_xml(elem=elem, account=None)
        return answer


_WANTED = ("auto_discover_smtp_address", "external_ews_url", "internal_ews_url")


class _Protocol(AutodiscoverProtocol):
    def __init__(self, config: Configuration, make_session: MakeSession, auth: AuthBase | None) -> None:
        self._make_session = make_session
        self._auth = auth
        super().__init__(config=config)

    def create_session(self) -> Session:
        session: Session = super().create_session()
        session.auth = self._auth or session.auth
        return session

    def get_user_settings(self, user: str, settings: Any = _WANTED) -> _Answer:
        answer: _Answer = _Ask(protocol=self).get(users=[user], settings=settings)
        return answer

    def raw_session(self, prefix: str, **_oauth: Any) -> Session:
        return self._make_session()


class _Steps(Autodiscovery):
    def __init__(
        self,
        email: str,
        make_session: MakeSession,
        credentials: Credentials | None,
        auth: AuthBase | None,
        log_in: RefusalLimit,
    ) -> None:
        super().__init__(email=email, credentials=credentials)
        self._log_in = log_in
        self.email: str = email
        self._make_session = make_session
        self._auth = auth
        self._refused: UnauthorizedError | NoTicket | None = None

    def find(self) -> Any:
        for _ in range(_MOST_REDIRECTS):
            answer = self._step_1(hostname=get_domain(self.email))
            if not answer.redirect_address:
                return answer
            self.email = answer.redirect_address
        raise AutoDiscoverFailed("the servers send us from one e-mail address to the next")

    def _attempt_response(self, url: str) -> tuple[bool, Any]:
        if url.lower() in self._urls_visited:
            return False, None
        self._urls_visited.append(url.lower())
        try:
            self._ensure_valid_hostname(url)
            with self._log_in.attempt():
                answer = self._protocol(url).get_user_settings(user=self.email)
        except RedirectError as error:
            return self._attempt_response(error.url) if self._redirect_url_is_valid(error.url) else (False, None)
        except (UnauthorizedError, NoTicket) as error:
            # Some company's web server may want another password at the first address: the next one decides.
            self._refused = error
            return False, None
        except (TransportError, *CONNECTION_ERRORS) as error:
            log.debug("no autodiscover at %s: %s", url, type(error).__name__)
            return False, None
        return True, answer

    def _get_unauthenticated_response(self, url: str, method: str = "post") -> tuple[None, Any]:
        self._ensure_valid_hostname(url)
        with self._make_session() as session:
            try:
                return None, session.request(method, url, allow_redirects=False, timeout=AutodiscoverProtocol.TIMEOUT)
            except CONNECTION_ERRORS as error:
                raise TransportError(type(error).__name__) from error

    def _ensure_valid_hostname(self, url: str) -> None:
        """By the system's resolver, which knows hosts files, too."""
        parts = urlsplit(url)
        try:
            socket.getaddrinfo(parts.hostname, parts.port or 443)
        except OSError:
            raise TransportError(f"{parts.hostname} is not known") from None

    def _get_srv_records(self, hostname: str) -> list[Any]:
        try:
            found: list[Any] = super()._get_srv_records(hostname)
        except DNSException:
            return []
        return found

    def _step_6(self) -> None:
        if self._refused is not None:
            raise self._refused
        super()._step_6()

    def _protocol(self, url: str) -> _Protocol:
        scheme = NOAUTH if self._auth else None
        config = Configuration(
            service_endpoint=url, credentials=self.credentials, auth_type=scheme, retry_policy=FailFast()
        )
        return _Protocol(config, self._make_session, self._auth)
