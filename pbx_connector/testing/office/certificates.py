"""TLS with a certificate authority of the sandbox's own, made anew at each start."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Collection
from pathlib import Path

import trustme

_NAMES = ("localhost", "127.0.0.1", "example.com", "autodiscover.example.com")


class Authority:
    """Signs the server's certificate; clients trust it by `ca_file`, which is there until `close`."""

    def __init__(self, hosts: Collection[str] = ()) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sandbox-")
        authority = trustme.CA()
        self.ca_file = Path(self._folder.name) / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*_NAMES, *hosts).configure_cert(self.context)

    def close(self) -> None:
        self._folder.cleanup()
