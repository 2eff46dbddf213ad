"""Sessions, kept on the server; the browser has a random id alone."""

from __future__ import annotations

import secrets
import threading

from starlette.requests import HTTPConnection
from starlette.responses import Response

from pbx_web.login.users import User

COOKIE = "session"


class Sessions:
    def __init__(self) -> None:
        self._held: dict[str, tuple[User, str]] = {}
        self._lock = threading.Lock()

    def user_of(self, connection: HTTPConnection) -> User | None:
        held = self._held.get(connection.cookies.get(COOKIE, ""))
        return held[0] if held else None

    def csrf_token(self, connection: HTTPConnection) -> str:
        """What forms of this session must carry; empty without a session."""
        held = self._held.get(connection.cookies.get(COOKIE, ""))
        return held[1] if held else ""

    def begin(self, user: User, connection: HTTPConnection, response: Response) -> None:
        id = secrets.token_urlsafe(32)
        with self._lock:
            self._held[id] = (user, secrets.token_urlsafe(32))
        response.set_cookie(COOKIE, id, httponly=True, samesite="lax", secure=connection.url.scheme == "https")

    def end(self, connection: HTTPConnection, response: Response) -> None:
        with self._lock:
            self._held.pop(connection.cookies.get(COOKIE, ""), None)
        response.delete_cookie(COOKIE)
