"""What a server says no with, and where its redirects must not lead."""

from __future__ import annotations


class DavError(Exception):
    """The server refuses, or fails. See `pbx_carddav.error_mapping` for what it means."""

    def __init__(
        self,
        status: int,
        conditions: frozenset[str] = frozenset(),
        said: str = "",
        wait: float | None = None,
        schemes: str = "",
    ) -> None:
        """`conditions`: the reasons that it names. `said`: its own words, in short. `wait`: seconds after which it
        wants to be asked again. `schemes`: the ways to log in that it offers."""
        super().__init__(f"HTTP {status}")
        self.status = status
        self.conditions = conditions
        self.said = said
        self.wait = wait
        self.schemes = schemes


class NotDav(Exception):
    """What answers is no CardDAV server, as a web page where a multistatus belongs shows."""


class ForeignHost(Exception):
    """The server sends us to another one, where the password must not go."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


class EndlessRedirect(Exception):
    """The server sends us on and on."""


class Unprotected(Exception):
    """The password would go over a network where others can read it."""
