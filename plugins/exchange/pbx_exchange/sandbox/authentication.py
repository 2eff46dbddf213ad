"""Who is calling: the ways to log in that the sandbox offers."""

from __future__ import annotations

import base64
import binascii
import secrets
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import Response

from pbx_exchange.sandbox.things import User
from pbx_exchange.sandbox.world import World


def authenticate(world: World, headers: Headers) -> User | None:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return _authenticate_basic(world, credentials)
    return None


def refuse() -> Response:
    """What a server says to somebody whom it does not know."""
    response = Response(status_code=HTTPStatus.UNAUTHORIZED)
    response.headers.append("WWW-Authenticate", 'Basic realm="sandbox"')
    return response


def _authenticate_basic(world: World, credentials: str) -> User | None:
    try:
        name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    user = find_user(world, name)
    if user and secrets.compare_digest(user.password.encode(), password.encode()):
        return user
    return None


def find_user(world: World, name: str) -> User | None:
    """By address, user name, or `DOMAIN\\user`."""
    wanted = name.rpartition("\\")[2].lower()
    with world.lock:
        return next((u for u in world.users.values() if wanted in (u.email.lower(), u.username.lower())), None)
