"""The `settings:` of a profile with `source: exchange`: what an administrator can say, checked before any request.

Read by `pbx_exchange.connection` (how to get in) and `pbx_exchange.folders` (which address books).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pbx_connector.api import (
    EmailAddress,
    FolderSettings,
    OptionalText,
    OutsideRows,
    ProfilePath,
    Secret,
    SettingsModel,
    WebAddress,
    blank_is_none,
    switch,
)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("this is not a time zone; expected a name such as Europe/Berlin") from None
    return value


def _domain(value: Any) -> Any:
    """`@example.com` is how many write what follows a name."""
    return blank_is_none(value.strip().removeprefix("@")) if isinstance(value, str) else value


class PublicFolders(FolderSettings):
    mailbox: EmailAddress | None = Field(
        None, description="The public folder mailbox to ask, where the server has several of them."
    )


class SharedFolders(FolderSettings):
    owners: Annotated[tuple[EmailAddress, ...], OutsideRows()] = Field(
        (), description="Whose contact folders are shared with the service user."
    )
    discover: Annotated[bool, OutsideRows()] = Field(
        False, description="Try the contacts folder of every account, too."
    )


class PersonalFolders(FolderSettings):
    match: Literal["both", "email", "username"] = Field(
        "both",
        description="How an account's mailbox is found: by e-mail address, by user name, or first one then other.",
    )
    suffix: Annotated[str | None, BeforeValidator(_domain)] = Field(
        None, description="Domain that makes a principal name of a user name; default: that of the service user."
    )
    skip_accounts: Annotated[tuple[str, ...], OutsideRows()] = Field(
        (), description="Ids of accounts without a mailbox, such as door phones."
    )


class OAuth(SettingsModel):
    """An app registration in Microsoft Entra, with the application permission full_access_as_app."""

    tenant: str = Field(description="Tenant id or domain.")
    client_id: str = Field(description="Application (client) id.")
    client_secret: Secret | None = Field(None, description="Client secret.")
    certificate: ProfilePath | None = Field(
        None, description="PEM file with private key and certificate, instead of a secret."
    )
    passphrase: Secret | None = Field(None, description="What the private key is encrypted with.")
    cloud: Literal["global", "us-government", "us-dod", "china"] = Field(
        "global", description="Which Microsoft cloud: global, us-government, us-dod or china."
    )
    authority: WebAddress | None = Field(None, description="Sign-in address, where it is not that of the cloud.")

    @model_validator(mode="after")
    def _one_credential(self) -> OAuth:
        if (self.client_secret is None) == (self.certificate is None):
            raise ValueError("give either client_secret or certificate")
        if self.passphrase is not None and self.certificate is None:
            raise ValueError("passphrase: opens the key of a certificate:, and there is none")
        return self


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where one of Microsoft's clouds has its doors."""

    authority: str
    host: str

    @property
    def scope(self) -> str:
        return f"https://{self.host}/.default"

    @property
    def url(self) -> str:
        return f"https://{self.host}/EWS/Exchange.asmx"


CLOUDS = {
    "global": Cloud("https://login.microsoftonline.com", "outlook.office365.com"),
    "us-government": Cloud("https://login.microsoftonline.us", "outlook.office365.us"),
    "us-dod": Cloud("https://login.microsoftonline.us", "outlook-dod.office365.us"),
    "china": Cloud("https://login.chinacloudapi.cn", "partner.outlook.cn"),
}


class ExchangeSettings(SettingsModel):
    """How to reach an Exchange server, and which of its address books to read."""

    email: EmailAddress = Field(description="E-mail address of the service user.")
    password: Annotated[Secret | None, OutsideRows()] = Field(
        None, description="Password of the service user, by reference."
    )
    username: OptionalText = Field(None, description="Log-in name, where it is not the e-mail address.")
    domain: OptionalText = Field(None, description="Active Directory domain of the service user.")
    url: Annotated[WebAddress | None, BeforeValidator(blank_is_none)] = Field(
        None, description="Address of Exchange Web Services; found by autodiscover if not given."
    )
    auth: Annotated[Literal["auto", "basic", "ntlm", "kerberos", "oauth"], OutsideRows()] = Field(
        "auto", description="How to log in: auto, basic, ntlm, kerberos or oauth."
    )
    oauth: Annotated[OAuth | None, OutsideRows()] = Field(None, description="For Microsoft 365.")
    verify: Annotated[bool, OutsideRows()] = Field(
        True, description="Check the server's certificate. Without it, anybody in between can read along."
    )
    ca_file: Annotated[ProfilePath | None, OutsideRows()] = Field(
        None, description="PEM file of certificates to trust instead of the system's."
    )
    proxy: Annotated[WebAddress | None, OutsideRows()] = Field(
        None, description="HTTP proxy, such as http://proxy.example.com:3128."
    )
    proxy_username: Annotated[OptionalText, OutsideRows()] = Field(
        None, description="Log-in name at the proxy, where it wants one."
    )
    proxy_password: Annotated[Secret | None, OutsideRows()] = Field(
        None, description="Password at the proxy, by reference."
    )
    version: Literal[
        "Exchange2016", "Exchange2015", "Exchange2013_SP1", "Exchange2013", "Exchange2010_SP2", "Exchange2010_SP1"
    ] = Field("Exchange2016", description="Protocol version to speak; an older server is answered in its own.")
    timezone: Annotated[str, AfterValidator(_zone)] | None = Field(
        None, description="Where birthdays were entered, such as Europe/Berlin; rarely needed."
    )
    timeout: Annotated[float, OutsideRows()] = Field(60, gt=0, le=600, description="Seconds to wait for one answer.")
    patience: Annotated[float, OutsideRows()] = Field(
        300, ge=0, le=3600, description="Seconds to go on asking a server that is busy or failing."
    )
    memory: Annotated[int, OutsideRows()] = Field(
        1024, ge=512, description="MiB of memory that a run may take, whatever the server sends; 512 or more."
    )
    full_after_days: Annotated[float, OutsideRows()] = Field(
        7, ge=0, description="Days after which a folder that tells its changes is listed in full again, to be sure."
    )
    connections: Annotated[int, OutsideRows()] = Field(
        10, ge=1, le=27, description="Connections at once; Exchange allows 27."
    )
    public: Annotated[PublicFolders, switch(PublicFolders)] = Field(
        PublicFolders(), description="Public folders, for the company phone book."
    )
    shared: Annotated[SharedFolders, switch(SharedFolders)] = Field(
        SharedFolders(), description="Folders that others share with the service user, for the company phone book."
    )
    personal: Annotated[PersonalFolders, switch(PersonalFolders)] = Field(
        PersonalFolders(), description="Each account's own contacts, for that account alone."
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> ExchangeSettings:
        if self.auth == "oauth" and self.oauth is None:
            raise ValueError("auth: oauth needs oauth: {tenant: …, client_id: …, client_secret: …}")
        if self.oauth is not None and self.auth not in ("auto", "oauth"):
            raise ValueError(f"oauth: and auth: {self.auth} contradict each other")
        if self.oauth is None and self.auth != "kerberos" and self.password is None:
            raise ValueError("a password is needed, such as password: {env: EXCHANGE_PASSWORD}")
        if not self.verify and self.ca_file is not None:
            raise ValueError("verify: false and ca_file: contradict each other")
        if (self.proxy_username is None) != (self.proxy_password is None):
            raise ValueError("proxy_username and proxy_password go together")
        if self.proxy_username is not None and self.proxy is None:
            raise ValueError("proxy_username and proxy_password need proxy:")
        return self

    @property
    def login(self) -> str:
        """The name to log in with: DOMAIN\\user if the domain is known, else as given."""
        name = self.username or self.email
        return f"{self.domain}\\{name.partition('@')[0]}" if self.domain and "\\" not in name else name

    @property
    def address(self) -> str | None:
        """Where the web services are, as far as can be said without asking; None: autodiscover knows."""
        return self.url or (CLOUDS[self.oauth.cloud].url if self.oauth else None)

    @property
    def mail_domain(self) -> str:
        return self.email.rpartition("@")[2]


_ONLINE = (".office365.com", ".office365.us", ".outlook.cn")


def is_online(url: str) -> bool:
    """Whether this is Microsoft's own Exchange Online."""
    return (urlsplit(url).hostname or "").endswith(_ONLINE)
