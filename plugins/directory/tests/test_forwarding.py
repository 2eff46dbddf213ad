"""Who asks, for which host name and whether by https: as the request says, or as a proxy does that is trusted."""

from __future__ import annotations

import ipaddress

import pytest
from pbx_directory.forwarding import origin
from starlette.requests import Request

PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]


def request(peer: str, **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "scheme": "http", "path": "/", "query_string": b"", "headers": raw}
    return Request(scope | {"client": (peer, 5060), "server": ("127.0.0.1", 80)})


def test_a_stranger_says_nothing_of_where_it_comes_from() -> None:
    said = {"x_forwarded_for": "10.1.1.1", "x_forwarded_host": "bolt.example", "x_forwarded_proto": "https"}
    came = origin(request("192.0.2.7", host="acme.example:8088", **said), PROXIES)
    assert (came.address, came.host, came.is_secure) == ("192.0.2.7", "acme.example:8088", False)


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "fd00::1"])
def test_a_proxy_is_believed(peer: str) -> None:
    said = {"x_forwarded_for": "192.0.2.7", "x_forwarded_host": "acme.example", "x_forwarded_proto": "https"}
    came = origin(request(peer, host="inside:80", **said), PROXIES)
    assert (came.address, came.host, came.is_secure) == ("192.0.2.7", "acme.example", True)


def test_what_stands_before_the_last_stranger_is_not_believed() -> None:
    chain = {"x_forwarded_for": "203.0.113.9, 192.0.2.7, 10.0.0.2", "x_forwarded_host": "made.up, acme.example"}
    came = origin(request("10.0.0.1", host="inside", **chain), PROXIES)
    assert (came.address, came.host) == ("192.0.2.7", "acme.example")


@pytest.mark.parametrize(
    ("host", "netloc"),
    [
        ("acme.example", "acme.example"),
        ("ACME.example.:8443", "acme.example:8443"),
        ('acme.example:"><script>', "acme.example"),
        ("acme.example:80@evil.example", "acme.example"),
        ("", ""),
    ],
)
def test_nothing_but_name_and_port_goes_into_links(host: str, netloc: str) -> None:
    assert origin(request("192.0.2.7", host=host), []).netloc == netloc
