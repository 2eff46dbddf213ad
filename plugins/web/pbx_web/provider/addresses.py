"""Where a tenant's own pages are, as browsers of the provider's people reach them."""

from __future__ import annotations

from urllib.parse import urlsplit

from pbx_connector.api import application
from pbx_web.asking import Ask
from pbx_web.provider.access import site_of


def address_of(ask: Ask, tenant: str) -> str:
    """Without a slash at its end; empty for a tenant that has no host name. The host is the control database's word
    alone, never the request's; scheme and port are those of the provider's own pages."""
    host = application.tenants.host_in_links(site_of(ask).fleet, tenant)
    if not host:
        return ""
    here = urlsplit(ask.base_url)
    port = f":{here.port}" if here.port else ""
    return f"{here.scheme}://{host}{port}"
