"""A profile as its page opens it, and the draft that the page carries."""

from __future__ import annotations

import httpx
from pbx_web.drafting.carried import unpacked

from .filled import Filled

OPENED = "/profiles/customers"


def text_of(page: httpx.Response) -> str:
    """The draft that a page carries."""
    return unpacked(Filled(page.text).value("packed-draft"))


def opened(client: httpx.Client, tab: str) -> httpx.Response:
    page = client.get(f"{OPENED}?tab={tab}")
    assert page.status_code == 200
    return page
