"""The header `Authorization` taken apart: Basic (RFC 7617) and Digest (RFC 7616)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.request import parse_http_list, parse_keqv_list

LONGEST = 4_096


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
