"""The header `Authorization` taken apart: Basic (RFC 7617) and Digest (RFC 7616)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.request import parse_http_list, parse_keqv_list

LONGEST = 4_096


@dataclass(frozen=True, slots=True)
class Login:
    user: str
    password: str | None = None
    """None: it is Digest."""
    digest: Mapping[str, str] | None = None


def login(header: str) -> Login | None:
    """None for what is neither of the two."""
    if (plain := basic(header)) is not None:
        return Login(*plain)
    given = digest(header)
    return Login(given.get("username", ""), digest=given) if given is not None else None


def basic(header: str) -> tuple[str, str] | None:
    """User name and password; None if it is something else."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic" or len(header) > LONGEST:
        return None
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode("utf-8")
    except ValueError:  # no base64, or no text in it
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon else None


def digest(header: str) -> Mapping[str, str] | None:
    """Its parts by name; None if it is something else."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "digest" or len(header) > LONGEST:
        return None
    parts = [part for part in parse_http_list(rest) if "=" in part]
    return parse_keqv_list(parts)
