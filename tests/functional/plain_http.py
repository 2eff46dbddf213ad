"""Clients of pages that are served without TLS."""

from __future__ import annotations

import ssl

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For `verify` of httpx, which else reads the certificates of all authorities for each client; this trusts nobody."""
