"""What `plugins: web: login:` in the configuration can say."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from pbx_connector.api import Duration, Role, Secret, SettingsModel, TextList, WebAddress, at_least

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_safe(url: str) -> bool:
    """Whether nobody on the way can read or change what it answers."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


class OidcSettings(SettingsModel):
    issuer: WebAddress
    """As the provider writes it in its tokens, such as https://login.microsoftonline.com/TENANT/v2.0."""
    client: Annotated[str, Field(min_length=1)]
    """The id that the provider knows these pages by."""
    secret: Secret | None = None
    """What these pages show to the provider; not needed where it knows them as a public client."""
    title: Annotated[str, Field(min_length=1, max_length=40)] = "single sign-on"
    """How the log-in page calls the provider."""
    scopes: TextList = Field(default_factory=lambda: ["openid", "profile", "email"])
    claim: str = "groups"
    """Which of its claims `roles` goes by."""
    roles: dict[str, Role] = Field(default_factory=dict)
    """From a value of that claim to a role; who has several values gets the highest role."""
    default: Role | None = None
    """The role of everybody else; nobody else gets in without it."""
    name: str = "preferred_username"
    """Which claim a new user is called by."""
    tenant: str | None = None
    """The only tenant (`tid`) of Entra ID whose people get in."""
    domains: TextList = Field(default_factory=list)
    """The only domains whose people get in, by an e-mail address that the provider has verified."""
    leeway: Annotated[Duration, at_least("0s")] = timedelta(seconds=60)
    """By how much its clock may differ from ours."""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if not is_safe(self.issuer):
            raise ValueError("issuer: must be an https address, or everybody in between could log in as anybody")
        if not self.roles and self.default is None:
            raise ValueError("oidc needs roles:, which say who gets in as what, or a default: role for everybody")
        if "openid" not in self.scopes:
            raise ValueError("scopes: must have openid")
        return self


class LoginSettings(SettingsModel):
    idle: Annotated[Duration, at_least("5m")] = timedelta(minutes=30)
    """A session in which nothing happens ends after that."""
    longest: Annotated[Duration, at_least("10m")] = timedelta(hours=12)
    """Any session ends after that."""
    oidc: OidcSettings | None = None
    """A provider of OpenID Connect by which people log in, beside those with a password of ours."""
