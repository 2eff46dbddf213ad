"""Names of hosts as requests and people give them."""

from __future__ import annotations

import re

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
LONGEST = 253


def host_of(text: str) -> str:
    """The name in an HTTP `Host` or a TLS server name: small letters, without port and final dot."""
    name = text.strip().lower()
    if name.startswith("["):  # an address of IPv6
        return name.partition("]")[0].removeprefix("[")
    return name.partition(":")[0].removesuffix(".")


def is_host_name(text: str) -> bool:
    """Whether it is one as `host_of` gives them, of ASCII letters (RFC 1123)."""
    return len(text) <= LONGEST and _NAME.fullmatch(text) is not None
