"""What `plugins: directory:` in the configuration can say."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pbx_connector.api import ListenAddress, Networks, ProfilePath, SettingsModel, WebAddress, is_loopback

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK = "127.0.0.1:0"
MOST_ENTRIES = 100_000
OF_THE_MACHINE = ("http", "ldap", "ldaps", "certificate", "key", "plain", "url", "proxies")
"""What the provider of many phone systems says for all of them; the rest is for each of them to say."""


class DirectorySettings(SettingsModel):
    http: ListenAddress = None
    """Where phones fetch books and ask for callers; https with `certificate`. Off if not given."""
    ldap: ListenAddress = None
    """Where phones ask by LDAP, with StartTLS if there is a `certificate`. Off if not given."""
    ldaps: ListenAddress = None
    """The same, encrypted from the first byte; needs `certificate`."""
    certificate: ProfilePath | None = None
    """The server's certificate with its chain, as PEM; read again when it changes."""
    key: ProfilePath | None = None
    """Its private key; default: in the file of the certificate."""
    plain: bool = False
    """Allows unencrypted service on addresses that other machines reach."""
    url: WebAddress | None = None
    """How phones reach the HTTP side, where that differs from `http`: behind a proxy, or by a name."""
    proxies: Networks = Field(default_factory=list)
    """Proxies whose word is taken for who asks, which host and whether it was over https, such as 127.0.0.1/32."""
    networks: Networks = Field(default_factory=list)
    """Who may ask without a secret, for company entries alone."""
    title: Annotated[str, Field(min_length=1, max_length=40)] = "Phone book"
    """What phones show above the list."""
    region: Annotated[str | None, Field(pattern="^[A-Z]{2}$")] = None
    """The country whose numbers are shown and dialed as national ones, such as DE."""
    outside_line: Annotated[str, Field(pattern=r"^[0-9*#]{0,4}$")] = ""
    """What is dialed before a number outside, such as 0."""
    dial_form: Literal["e164", "international", "national"] = "e164"
    """How numbers are shown and dialed, unless a device says otherwise."""
    entries: Annotated[int, Field(ge=1, le=MOST_ENTRIES)] = 5_000
    """What one LDAP search returns at most."""

    @model_validator(mode="after")
    def _tls(self) -> Self:
        if self.ldaps and not self.certificate:
            raise ValueError("ldaps needs a certificate")
        if self.key and not self.certificate:
            raise ValueError("a key needs its certificate")
        if self.dial_form == "national" and not self.region:
            raise ValueError("dial_form: national needs a region, such as region: DE")
        return self

    @model_validator(mode="after")
    def _plain(self) -> Self:
        for name, address in (("http", self.http), ("ldap", self.ldap)):
            if address and not self.certificate and not self.plain and not is_loopback(address):
                raise ValueError(
                    f"{name}: {address} would serve the phone book unencrypted to other machines: "
                    "give a certificate, or say plain: true"
                )
        return self

    @property
    def trusted(self) -> list[IPNetwork]:
        return [ipaddress.ip_network(text) for text in self.networks]

    @property
    def trusted_proxies(self) -> list[IPNetwork]:
        return [ipaddress.ip_network(text) for text in self.proxies]

    @property
    def serves(self) -> bool:
        return bool(self.http or self.ldap or self.ldaps)


def is_in(address: str, networks: Sequence[IPNetwork]) -> bool:
    """Whether one of them has it; false for what is no address."""
    try:
        host = ipaddress.ip_address(address)
    except ValueError:
        return False
    host = getattr(host, "ipv4_mapped", None) or host
    return any(host in network for network in networks)
