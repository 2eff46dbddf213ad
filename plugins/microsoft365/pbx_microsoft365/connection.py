"""From settings to a client whose app has signed in. Between `pbx_microsoft365.settings` and the wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pbx_connector.api import Transport, TransportOptions, is_protected
from pbx_microsoft365.error_catalog import UNPROTECTED
from pbx_microsoft365.error_mapping import translated
from pbx_microsoft365.settings import Microsoft365Settings
from pbx_microsoft365.wire.client import GraphClient
from pbx_microsoft365.wire.retries import RetryPolicy
from pbx_microsoft365.wire.sign_in import SignIn

_MIB = 1024 * 1024
PARALLEL = 10
"""Address books that a run reads at a time: each holds one answer."""


@contextmanager
def connect(settings: Microsoft365Settings) -> Iterator[GraphClient]:
    """A client whose app the sign-in service knows. Raises `SourceError` in words about what failed."""
    with translated("sign-in"):
        transport = Transport(transport_options(settings))
    try:
        sign_in = SignIn(settings, transport)
        with translated("sign-in"):
            sign_in.token()
        yield client_of(settings, transport, sign_in)
    finally:
        transport.close()


def client_of(settings: Microsoft365Settings, transport: Transport, sign_in: SignIn) -> GraphClient:
    """Raises `SourceError` if the token would go over an open network."""
    if not is_protected(settings.root):
        raise UNPROTECTED.error("url")
    memory = settings.memory * _MIB // 3 // max(PARALLEL, settings.connections)
    return GraphClient(settings.root, transport, sign_in, RetryPolicy(settings.patience), memory)


def transport_options(settings: Microsoft365Settings) -> TransportOptions:
    login = None
    if settings.proxy_username is not None and settings.proxy_password is not None:
        login = settings.proxy_username, settings.proxy_password.reveal().get_secret_value()
    return TransportOptions(
        seconds=settings.timeout,
        connections=settings.connections,
        verify=settings.verify,
        ca_file=settings.ca_file,
        proxy=settings.proxy,
        proxy_login=login,
    )
