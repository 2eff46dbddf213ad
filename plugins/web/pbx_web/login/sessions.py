"""Sessions, kept on the server; the browser has a random id alone.

The id is worth as much as a password and stands nowhere but in the browser's cookie: the store has its digest, and the
token of its forms is made from it. A browser that nobody is logged in with has an id, too, for the token of the log-in
form; it counts for nothing else, and a log-in replaces it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import HTTPConnection
from starlette.responses import Response

from pbx_connector.api import Store, StoreError, User, WebSession
from pbx_web.login.settings import LoginSettings

NOTED_EVERY = timedelta(minutes=1)
"""How much may be lost of when a session was seen last: it is not written at each request."""
MOST = 20
"""Sessions of one user; more end the ones seen longest ago."""


class LoginChanged(Exception):
    """The user was disabled, removed or given another role or password while he logged in."""


@dataclass(frozen=True, slots=True)
class Begun:
    id: str
    is_secure: bool

    @property
    def token(self) -> str:
        return form_token(self.id)

    def put(self, response: Response) -> None:
        """Give the browser its id."""
        name = cookie_name(self.is_secure)
        response.set_cookie(name, self.id, path="/", httponly=True, samesite="lax", secure=self.is_secure)


class Sessions:
    def __init__(
        self,
        store: Callable[[], Store],
        settings: Callable[[], LoginSettings],
        now: Callable[[], datetime],
        is_welcome: Callable[[User], bool] = lambda user: not user.is_visitor,
    ) -> None:
        """`is_welcome` is asked at each request whether a user may still be here, whatever the session says."""
        self._is_welcome = is_welcome
        self._store = store
        self._settings = settings
        self._now = now
        self._lock = threading.Lock()
        self._noted: dict[str, datetime] = {}

    def user_of(self, connection: HTTPConnection, *, is_use: bool = True) -> User | None:
        """Who is logged in. It reads the store: call it in a thread. Raises `StoreError`.

        What a page asks for by itself from time to time is no use of it: the session ends when nothing else is done.
        """
        digest = _digest(_cookie(connection))
        held = self._store().session(digest) if digest else None
        if held is None:
            return None
        now = self._now()
        if now >= held.expires or now - self._seen(held) >= self._settings().idle:
            self._store().end_session(digest)
            return None
        user = self._store().user(held.user)
        if user is None or user.disabled:
            return None
        if not self._is_welcome(user):
            self._store().end_session(digest)
            return None
        if is_use:
            self._note(held, now)
        return user

    def csrf_token(self, connection: HTTPConnection) -> str:
        """What forms of this browser must carry; a browser that has no id yet is given one by `introduce`."""
        return form_token(_cookie(connection) or _new_id(connection))

    def introduce(self, connection: HTTPConnection, response: Response) -> None:
        """Give the browser the id that the token of its first form was made from."""
        if (id := getattr(connection.state, "visitor", "")) and "set-cookie" not in response.headers:
            Begun(id, is_secure(connection)).put(response)

    def open(self, user: User, connection: HTTPConnection, *, address: str = "", provider: str = "") -> Begun:
        """A session under a new id, in place of the browser's old one. Raises `LoginChanged` and `StoreError`."""
        begun, now = Begun(secrets.token_urlsafe(32), is_secure(connection)), self._now()
        session = WebSession(_digest(begun.id), user.name, now, now, now + self._settings().longest, address, provider)
        if not self._store().begin_session(session, user, MOST):
            raise LoginChanged
        if old := _cookie(connection):
            self._store().end_session(_digest(old))
        return begun

    def begin(self, user: User, connection: HTTPConnection, response: Response) -> None:
        self.open(user, connection).put(response)

    def end(self, connection: HTTPConnection, response: Response) -> WebSession | None:
        """The session that ended; None if there was none."""
        digest = _digest(_cookie(connection))
        held = self._store().session(digest) if digest else None
        response.delete_cookie(
            cookie_name(is_secure(connection)), path="/", httponly=True, samesite="lax", secure=is_secure(connection)
        )
        return held if held and self._store().end_session(digest) else None

    def _seen(self, held: WebSession) -> datetime:
        return max(held.seen, self._noted.get(held.digest, held.seen))

    def _note(self, held: WebSession, now: datetime) -> None:
        """In the store now and then, and here in between; a store that cannot be written keeps nobody out."""
        if now - held.seen < NOTED_EVERY:
            return
        with self._lock:
            if now - self._noted.get(held.digest, held.seen) < NOTED_EVERY:
                return
            self._noted = {key: seen for key, seen in self._noted.items() if now - seen < self._settings().idle}
            self._noted[held.digest] = now
        with suppress(StoreError):
            self._store().note_session(held.digest, now)


def is_secure(connection: HTTPConnection) -> bool:
    return connection.url.scheme in ("https", "wss")


def cookie_name(secure: bool) -> str:
    """With the prefix, no other host of the domain and no page without https can plant one."""
    return "__Host-session" if secure else "session"


def form_token(id: str) -> str:
    """Tells nothing about the id, and nobody can make it without."""
    return hmac.new(id.encode("utf-8", "surrogatepass"), b"form", hashlib.sha256).hexdigest()


def _cookie(connection: HTTPConnection) -> str:
    return connection.cookies.get(cookie_name(is_secure(connection)), "")


def _new_id(connection: HTTPConnection) -> str:
    if not getattr(connection.state, "visitor", ""):
        connection.state.visitor = secrets.token_urlsafe(32)
    return str(connection.state.visitor)


def _digest(id: str) -> str:
    return hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest() if id else ""
