"""Where a tenant's own pages are, as browsers of the provider's people reach them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from pbx_web.asking import Ask


def address_of(ask: Ask, hosts: Sequence[str]) -> str:
    """Without a slash at its end; empty for a tenant that has no host name. The host is the control database's word
    alone, never the request's; scheme and port are those of the provider's own pages."""
    if not hosts:
        return ""
    here = urlsplit(ask.base_url)
    port = f":{here.port}" if here.port else ""
    return f"{here.scheme}://{hosts[0]}{port}"
