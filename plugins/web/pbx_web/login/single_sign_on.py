"""Log-in by a provider of OpenID Connect: there and back, and who gets in as what."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import structlog
from starlette.responses import RedirectResponse, Response

from pbx_connector.api import Role, application, network_of
from pbx_web.asking import Ask
from pbx_web.login.entering import login_form, welcome
from pbx_web.login.provider import Provider, ProviderUnavailable, Request, TokenRefused
from pbx_web.login.sessions import LoginChanged, is_secure
from pbx_web.login.settings import OidcSettings
from pbx_web.origin import local
from pbx_web.page import NotFound

if TYPE_CHECKING:
    pass

LOG = structlog.stdlib.get_logger(__name__)

WITHIN = 600
"""Seconds that one may take at the provider."""
LONGEST_TOKEN = 8_000
"""Characters of a token that is kept for the log-out."""
DOWN = "The provider of single sign-on cannot be asked now: try again, or log in by password."
REFUSED = "The provider's answer was refused: try again."
NOT_ADMITTED = "You are logged in there, but nobody has given you a role here."
OUT_OF_DATE = "This log-in is out of date: begin anew."
DENIED = "The provider did not log you in."


class NotAdmitted(Exception):
    """It is true who he is, and he may not get in; the text says why, for the log."""


def start(ask: Ask) -> Response:
    provider = _provider(ask)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    request = Request(state, nonce, verifier, f"{ask.base_url}/login/callback")
    try:
        response = RedirectResponse(provider.login_url(request), 303)
    except (ProviderUnavailable, TokenRefused) as error:
        return _failed(ask, DOWN, 502, str(error))
    held = [request.state, request.nonce, request.verifier, local(ask.query.get("next", "/")), int(time.time())]
    response.set_cookie(
        _cookie_name(ask),
        quote(json.dumps(held), safe=""),
        WITHIN,
        httponly=True,
        samesite="lax",
        secure=is_secure(ask.request),
    )
    return response


def finish(ask: Ask) -> Response:
    provider = _provider(ask)
    response = _finished(ask, provider)
    response.delete_cookie(_cookie_name(ask), httponly=True, samesite="lax", secure=is_secure(ask.request))
    return response


def logout_url(ask: Ask, token: str) -> str:
    """Where one logs out at the provider; empty if that is not possible."""
    if ask.site.provider is None:
        return ""
    try:
        return ask.site.provider.logout_url(token, f"{ask.base_url}/login")
    except (ProviderUnavailable, TokenRefused):
        return ""


def _finished(ask: Ask, provider: Provider) -> Response:
    request, to = _request(ask)
    if request is None or not USED.use(request.state):
        return _failed(ask, OUT_OF_DATE, 400, "no such log-in, or one that is done")
    code = ask.query.get("code", "")
    if not code or ask.query.get("iss", provider.settings.issuer) != provider.settings.issuer:
        return _failed(ask, DENIED, 403, ask.query.get("error", "no code")[:80])
    try:
        answer = provider.answer(code, request)
        user = application.users.admit(ask.store, identity(answer.claims, provider.settings))
        if user.disabled:
            raise NotAdmitted("the user is disabled")
        return welcome(ask, user, to, provider=answer.token if len(answer.token) <= LONGEST_TOKEN else "")
    except ProviderUnavailable as error:
        return _failed(ask, DOWN, 502, str(error))
    except TokenRefused as error:
        return _failed(ask, REFUSED, 403, str(error))
    except (NotAdmitted, LoginChanged) as error:
        return _failed(ask, NOT_ADMITTED, 403, str(error) or "changed meanwhile")


def identity(claims: Mapping[str, Any], settings: OidcSettings) -> application.users.Identity:
    """Raises `NotAdmitted`."""
    if settings.tenant and claims.get("tid") != settings.tenant:
        raise NotAdmitted("another tenant")
    if settings.domains and not _is_of(claims, settings.domains):
        raise NotAdmitted("no verified e-mail address of one of domains:")
    name = claims.get(settings.name) or claims.get("email") or ""
    return application.users.Identity(
        f"{settings.issuer} {claims['sub']}", name if isinstance(name, str) else "", _role(claims, settings)
    )


def _is_of(claims: Mapping[str, Any], domains: list[str]) -> bool:
    address = claims.get("email")
    verified = claims.get("email_verified") is True and isinstance(address, str)
    return verified and str(address).rpartition("@")[2].casefold() in {domain.casefold() for domain in domains}


def _role(claims: Mapping[str, Any], settings: OidcSettings) -> Role:
    said = claims.get(settings.claim, [])
    values = said if isinstance(said, list) else [said]
    found = [settings.roles[value] for value in values if isinstance(value, str) and value in settings.roles]
    if found:
        return max(found, key=list(Role).index)
    if settings.default is None:
        left_out = settings.claim in (claims.get("_claim_names") or {})
        raise NotAdmitted(f"too many {settings.claim} to be in the token" if left_out else "no role")
    return settings.default


class UsedStates:
    """Log-ins that are done: none is finished twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: OrderedDict[str, None] = OrderedDict()

    def use(self, state: str) -> bool:
        with self._lock:
            if state in self._used:
                return False
            self._used[state] = None
            while len(self._used) > 10_000:
                self._used.popitem(last=False)
            return True


USED = UsedStates()


def _request(ask: Ask) -> tuple[Request | None, str]:
    """What the browser was sent away with, if this is the answer to it."""
    try:
        state, nonce, verifier, to, begun = json.loads(unquote(ask.request.cookies.get(_cookie_name(ask), "")))
        fits = secrets.compare_digest(str(state).encode(), ask.query.get("state", "").encode("utf-8", "surrogatepass"))
        if not fits or not 0 <= time.time() - int(begun) <= WITHIN:
            return None, "/"
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None, "/"
    return Request(str(state), str(nonce), str(verifier), f"{ask.base_url}/login/callback"), local(str(to))


def _failed(ask: Ask, message: str, status: int, reason: str) -> Response:
    if ask.site.failures_noted.count(network_of(ask.address)):
        LOG.warning("a log-in by single sign-on failed", reason=reason, address=ask.address)
        ask.note(application.audit.AuditAction.LOGIN_FAILED, detail={"by": "single sign-on", "reason": reason})
    return login_form(ask, to="/", error=ask.language(message), status=status)


def _provider(ask: Ask) -> Provider:
    if ask.site.provider is None:
        raise NotFound(ask.language("There is nothing at this address."))
    return ask.site.provider


def _cookie_name(ask: Ask) -> str:
    return "__Host-signing-on" if is_secure(ask.request) else "signing-on"
