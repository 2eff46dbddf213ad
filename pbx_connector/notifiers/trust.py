"""Whose certificates a notifier believes."""

from __future__ import annotations

import ssl
from pathlib import Path

from pbx_connector.api import ConnectorError, UnreadableFile, read_certificates


def trust_of(ca_file: Path | None, section: str) -> ssl.SSLContext:
    """The authorities of a file, else the system's. Raises `ConnectorError` for a file that is none of certificates."""
    try:
        if ca_file is not None:
            read_certificates(ca_file)
        return ssl.create_default_context(cafile=ca_file)
    except UnreadableFile as error:
        reason = str(error)
    except OSError:
        reason = "it holds no certificate"
    raise ConnectorError(f"the file of ca_file: cannot be used: {reason}", hint=f"see ca_file of {section}:")
