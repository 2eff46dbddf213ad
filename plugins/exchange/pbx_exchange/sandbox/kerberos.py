"""Kerberos from the server's side, by the keytab that KRB5_KTNAME names, as web servers on Linux have it.

A principal `name@REALM` is the user with that e-mail address, as in Active Directory. Neighbour: authentication.py.
"""

from __future__ import annotations

import base64
import binascii

try:
    import gssapi
except ImportError:  # an extra, as it is built with the system's Kerberos libraries
    gssapi = None


def require() -> None:
    """Raises `ValueError` if no ticket could ever be read here."""
    if gssapi is None:
        raise ValueError("kerberos needs the package gssapi; see the extra kerberos")


def find_caller(token: str) -> str:
    """The principal that the token proves; empty if it proves none."""
    try:
        context = gssapi.SecurityContext(usage="accept")
        context.step(base64.b64decode(token, validate=True))
        return str(context.initiator_name) if context.complete else ""
    except (gssapi.exceptions.GSSError, binascii.Error):
        return ""
