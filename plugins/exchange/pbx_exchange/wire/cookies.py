"""Cookies that servers set: Exchange has a handful that show the way to a mailbox; a jar of any size is not kept.

Neighbour: adapter.py, whose sessions have this policy.
"""

from __future__ import annotations

from http.cookiejar import Cookie, DefaultCookiePolicy
from typing import Any

_MOST = 50
_ROOM = 8192
"""Characters of all together; servers refuse requests with much more."""


class FewCookies(DefaultCookiePolicy):
    """For one session: only so many names, and no more of them than fits into a request."""

    def __init__(self) -> None:
        super().__init__()
        self._sizes: dict[tuple[str, str, str], int] = {}

    def set_ok(self, cookie: Cookie, request: Any) -> bool:
        name = (cookie.domain, cookie.path, cookie.name)
        size = sum(map(len, name)) + len(cookie.value or "")
        others = sum(taken for other, taken in self._sizes.items() if other != name)
        if others + size > _ROOM or len(self._sizes) - (name in self._sizes) >= _MOST:
            return False
        self._sizes[name] = size
        return super().set_ok(cookie, request)
