"""How the address of a store is read, and what of it people may see: never the password, wherever it stands in it.

One place for both, so that what connects and what is shown do not differ on where a password ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbx_connector.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import URL

_SAYS_WHERE = frozenset({"host", "hostaddr", "port", "dbname", "user", "service"})
"""What is shown of an address's parameters; the others hold secrets (`password`, `sslpassword`) or do not matter."""


def postgres_address(url: str) -> URL:
    """Raises `UsageError`, which does not quote it."""
    address = _parsed(url.replace("postgres://", "postgresql://", 1))
    if address is None:
        raise UsageError(
            "the address of the PostgreSQL store cannot be read",
            hint="postgresql://user:password@host:port/database; a password's @ is written as %40, its % as %25",
        )
    return address


def shown(url: str) -> str:
    """The address for people; only the kind of store if its parts cannot be told apart."""
    kind, _, rest = url.partition(":")
    if rest.startswith("///") or not (rest.startswith("//") or "@" in rest or "?" in rest):
        return url  # a file
    address = _parsed(url)
    if address is None:
        return f"{kind}:..."
    query = {key: value for key, value in address.query.items() if key in _SAYS_WHERE}
    return address.set(query=query).render_as_string(hide_password=True)


def _parsed(url: str) -> URL | None:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        return None
    # For SQLAlchemy a password ends at its first @: the rest of it would count as host or database.
    return None if "@" in f"{address.host}{address.database}" else address
