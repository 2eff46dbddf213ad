"""How an HTTP request says which phone system it asks: by its host name, in its path, or in its user name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pbx_directory.authorization import Login
from pbx_directory.systems import ServedSystem, Systems

TOKEN = re.compile(r"[a-z2-9]{6}-[a-z2-9]{24}")
"""A device's id and secret, as they stand in a path."""


@dataclass(frozen=True, slots=True)
class Way:
    system: ServedSystem
    path: str
    """What of it is for the phone system."""
    prefix: str = ""
    """What stood before, and stands in links that lead back."""

    @property
    def token(self) -> str:
        """Empty if the path begins with none."""
        first = self.path.partition("/")[0]
        return first if TOKEN.fullmatch(first) else ""


async def way_of(systems: Systems, host: str, path: str, login: Login | None) -> Way:
    """Raises `StoreError` and `Busy`."""
    if (system := await systems.at(host)) is not None:
        return Way(system, path)
    first, _, rest = path.partition("/")
    if TOKEN.fullmatch(rest.partition("/")[0]):
        return Way(await systems.named(first), rest, f"/{first}")
    _, at, named = login.user.rpartition("@") if login else ("", "", "")
    return Way(await systems.named(named) if at else systems.nobody(""), path)


def device_of(user: str, system: ServedSystem) -> str:
    """The device in a user name `DEVICE` or `DEVICE@PHONE_SYSTEM`; empty for one of another phone system."""
    device, at, named = user.rpartition("@")
    if not at:
        return user
    return device if named and named.lower() == system.id else ""
