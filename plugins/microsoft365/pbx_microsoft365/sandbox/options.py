"""Query options and the `Prefer` header of a request, read strictly: what is not known or makes no sense is an error.

Neighbours: routes.py (which options each address takes), filters.py (`$filter`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from pbx_microsoft365.sandbox.messages import bad_request

KNOWN_HEADERS: Final = frozenset(
    (
        *("accept", "accept-encoding", "accept-language", "authorization", "cache-control", "connection"),
        *("content-length", "content-type", "expect", "host", "keep-alive", "pragma", "te", "transfer-encoding"),
        *("user-agent", "client-request-id", "return-client-request-id", "request-id", "sdkversion"),
        *("x-anchormailbox", "x-ms-client-request-id", "traceparent", "tracestate", "if-match", "if-none-match"),
        *("via", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "proxy-connection"),
        *("sec-fetch-mode", "sec-fetch-dest", "sec-fetch-site", "priority", "dnt", "prefer", "consistencylevel"),
    )
)
_PREFERENCE: Final = re.compile(
    r"""^(?:IdType="?(?P<id>ImmutableId)"?|odata\.maxpagesize=(?P<size>\d{1,6})|return=(?:minimal|representation)|"""
    r"""outlook\.(?:timezone|body-content-type|allow-unsafe-html)="?[^"]*"?|include-unknown-enum-members)$"""
)
_EXPANDED: Final = re.compile(
    r"(?P<name>[A-Za-z]+)(?:\((?P<inside>(?:[^()']|'(?:[^']|'')*'|\((?:[^()']|'(?:[^']|'')*')*\))*)\))?"
)


def read_query(query: str) -> dict[str, str]:
    """The options of a URL; each may be given once."""
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=50)
    options = dict(pairs)
    if len(options) != len(pairs):
        raise bad_request("Query option was specified more than once, but it must be specified at most once.")
    return options


def refuse_unknown(options: Mapping[str, str], allowed: Collection[str]) -> None:
    for name in options:
        if name not in allowed:
            raise bad_request(f"The query parameter '{name}' is not supported.", "BadRequest")


def read_number(options: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not least <= int(text) <= most:
        raise bad_request(
            f"Invalid value '{text}' for {name} query option found. It must be between {least} and {most}."
        )
    return int(text)


def read_flag(options: Mapping[str, str], name: str) -> bool:
    text = options.get(name, "false")
    if text.lower() not in ("true", "false"):
        raise bad_request(f"Invalid value '{text}' for {name} query option found. It must be true or false.")
    return text.lower() == "true"


def read_select(options: Mapping[str, str], known: Collection[str], kind: str) -> list[str] | None:
    if "$select" not in options:
        return None
    names = [name.strip() for name in options["$select"].split(",")]
    for name in names:
        if name not in known:
            raise bad_request(f"Could not find a property named '{name}' on type '{kind}'.", "RequestBroker--ParseUri")
    return names


def read_expand(options: Mapping[str, str]) -> dict[str, str]:
    """What to expand, with the text in its brackets."""
    text = options.get("$expand")
    if text is None:
        return {}
    found: dict[str, str] = {}
    at = 0
    while at < len(text) or not found:
        match = _EXPANDED.match(text, at)
        end = match.end() if match else at
        if match is None or text[end : end + 1] not in ("", ","):
            raise bad_request(f"Term '{text}' is not valid in a $select or $expand expression.")
        found[match["name"]] = match["inside"] or ""
        at = end + 1
    return found


@dataclass(frozen=True, slots=True)
class Preferences:
    immutable: bool = False
    page_size: int | None = None


def read_preferences(header: str) -> Preferences:
    immutable, size = False, None
    for part in _split(header):
        match = _PREFERENCE.match(part)
        if match is None:
            raise bad_request(f"The preference '{part}' is not known.")
        immutable = immutable or match["id"] is not None
        size = int(match["size"]) if match["size"] else size
    if size == 0:
        raise bad_request("The value of odata.maxpagesize must be greater than zero.")
    return Preferences(immutable, size)


def _split(header: str) -> Sequence[str]:
    return [part.strip() for part in re.split(r"[,;]", header) if part.strip()]
