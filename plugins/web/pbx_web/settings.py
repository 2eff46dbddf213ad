"""What `plugins: web:` in the configuration can say."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from pbx_connector.api import LISTED, ListenAddress, Networks, ProfilePath, SettingsModel, WebAddress, is_loopback
from pbx_web.login.settings import LoginSettings
from pbx_web.permissions import Role

LOOPBACK = "127.0.0.1:0"
OF_THE_MACHINE = ("listen", "certificate", "key", "url", "proxies")
"""What a provider says for the pages of all phone systems."""
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class WebSettings(SettingsModel):
    listen: ListenAddress = None
    """Address and port of the pages; https with `certificate`. Off if not given."""
    certificate: ProfilePath | None = None
    """The server's certificate with its chain, as PEM; read again when it changes."""
    key: ProfilePath | None = None
    """Its private key; default: in the file of the certificate."""
    url: WebAddress | None = None
    """How browsers reach the pages, where that differs from `listen`: behind a proxy, or by a name."""
    proxies: Networks = Field(default_factory=list)
    """Proxies whose word is taken for who asks and whether it was over https, such as 127.0.0.1/32."""
    language: Literal["en", "de"] | None = None
    """Of the pages, for browsers that ask for none of ours; default: English."""
    personal: Annotated[list[Role], LISTED] = Field(default_factory=list)
    """The roles that see personal contacts of others; nobody does otherwise."""

    login: LoginSettings = Field(default_factory=LoginSettings)

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        if self.key and not self.certificate:
            raise ValueError("a key needs its certificate")
        if self.listen and not is_loopback(self.listen) and not self.certificate and not self.proxies:
            raise ValueError(
                f"listen: {self.listen} would serve the pages unencrypted to other machines: give a certificate, "
                "or name the proxy that encrypts, with proxies:"
            )
        if self.url and self.url.startswith("https:") and not self.certificate and not self.proxies:
            raise ValueError("url: says https, so name who encrypts: a certificate, or the proxy with proxies:")
        return self

    def for_one_of_many(self, said: WebSettings | None) -> WebSettings:
        """These are the provider's; `said` is what one of the phone systems says for itself: who gets in, and the
        language. Where it is reached by whom is told by each request."""
        mine = said or WebSettings()
        own = {"login": mine.login, "personal": mine.personal, "language": mine.language or self.language}
        return self.model_copy(update={"url": None, **own})

    @property
    def trusted(self) -> list[IPNetwork]:
        return [ipaddress.ip_network(text) for text in self.proxies]

    @property
    def host(self) -> str:
        """The name in `url`; empty without one."""
        return (urlsplit(self.url).hostname or "") if self.url else ""
