"""The `settings:` of a profile with `source: microsoft365`: what an administrator can say, checked before any request.

Read by `pbx_microsoft365.connection` (how to get in) and the finders of address books. What means the same as in
`source: exchange` has the same name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

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


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where one of Microsoft's clouds has its doors."""

    authority: str
    host: str
    has_contact_delta: bool = True

    @property
    def scope(self) -> str:
        return f"https://{self.host}/.default"

    @property
    def url(self) -> str:
        return f"https://{self.host}/v1.0"


CLOUDS = {
    "global": Cloud("https://login.microsoftonline.com", "graph.microsoft.com"),
    "us-government": Cloud("https://login.microsoftonline.us", "graph.microsoft.us"),
    "us-dod": Cloud("https://login.microsoftonline.us", "dod-graph.microsoft.us"),
    "china": Cloud("https://login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn", has_contact_delta=False),
}


def _domain(value: Any) -> Any:
    """`@example.com` is how many write what follows a name."""
    return blank_is_none(value.strip().removeprefix("@")) if isinstance(value, str) else value


def _no_public_folders(value: Any) -> Any:
    wanted = not (value is False or (isinstance(value, str) and value.strip().lower() in ("false", "no", "off", "")))
    if isinstance(value, dict) and str(value.get("enabled", "")).strip().lower() in ("false", "no", "off"):
        wanted = False
    if wanted:
        raise ValueError(
            "there are no public folders in Microsoft Graph; copy their contacts into a shared mailbox and name it in "
            "shared: {owners: […]}, or use org_contacts: true if they are mail contacts of the organisation"
        )
    return False


def _versioned(value: str | None) -> str | None:
    if value is not None and not _VERSIONED.search(value):
        raise ValueError("expected the address with its version, such as https://graph.microsoft.com/v1.0")
    return value


_VERSIONED = re.compile(r"/(v\d+\.\d+|beta)/?$", re.ASCII)


def _group(value: str) -> str:
    """Names of groups are not unique, so Graph is asked for none."""
    value = value.strip()
    if not _GROUP.fullmatch(value):
        raise ValueError(
            "expected the object id of a group (Entra: Groups, the group, Overview) or its e-mail address, not its name"
        )
    return value


_GROUP = re.compile(r"[^@\s]+@[^@\s]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
Group = Annotated[str, AfterValidator(_group)]


class SharedMailboxes(FolderSettings):
    owners: Annotated[tuple[EmailAddress, ...], OutsideRows()] = Field(
        (), description="Mailboxes whose contacts are for the whole company."
    )


class PersonalFolders(FolderSettings):
    match: Literal["both", "email", "username"] = Field(
        "both",
        description="How an account's mailbox is found: by e-mail address, by user name, or first one then other.",
    )
    suffix: Annotated[str | None, BeforeValidator(_domain)] = Field(
        None, description="Domain that makes a principal name of a user name; default: tenant:, where it is a domain."
    )
    skip_accounts: Annotated[tuple[str, ...], OutsideRows()] = Field(
        (), description="Ids of accounts without a mailbox, such as door phones."
    )


class Directory(SettingsModel):
    """The people of the organisation, as a company address book of their own."""

    enabled: Annotated[bool, OutsideRows()] = Field(True, description="Whether the directory is read at all.")
    guests: bool = Field(False, description="Guests of the organisation, too.")
    disabled: bool = Field(
        False, description="Users who cannot sign in, too; mailboxes that are shared and those of rooms are such users."
    )
    hidden: bool = Field(False, description="Users that are hidden from address lists, too.")
    without_numbers: bool = Field(False, description="Users without any phone number, too.")
    groups: tuple[Group, ...] = Field(
        (), description="Ids or e-mail addresses of groups: only who belongs to one of them, directly or not."
    )


class OrgContacts(SettingsModel):
    """Mail contacts of the organisation, as a company address book of their own."""

    enabled: Annotated[bool, OutsideRows()] = Field(
        True, description="Whether the organisation's mail contacts are read at all."
    )
    groups: tuple[Group, ...] = Field(
        (), description="Ids or e-mail addresses of groups: only what belongs to one of them, directly or not."
    )


class Microsoft365Settings(SettingsModel):
    """How to reach Microsoft 365 as an app registered in Entra, and which address books to read."""

    tenant: str = Field(min_length=1, description="Tenant id or domain.")
    client_id: str = Field(min_length=1, description="Application (client) id.")
    client_secret: Annotated[Secret | None, OutsideRows()] = Field(None, description="Client secret, by reference.")
    certificate: Annotated[ProfilePath | None, OutsideRows()] = Field(
        None, description="PEM file with private key and certificate, instead of a secret."
    )
    passphrase: Annotated[Secret | None, OutsideRows()] = Field(
        None, description="What the private key is encrypted with."
    )
    cloud: Literal["global", "us-government", "us-dod", "china"] = Field(
        "global", description="Which Microsoft cloud: global, us-government, us-dod or china."
    )
    url: Annotated[WebAddress | None, BeforeValidator(blank_is_none), AfterValidator(_versioned)] = Field(
        None, description="Address of Microsoft Graph with its version, where it is not that of the cloud."
    )
    authority: Annotated[WebAddress | None, BeforeValidator(blank_is_none), OutsideRows()] = Field(
        None, description="Sign-in address, where it is not that of the cloud."
    )
    verify: Annotated[bool, OutsideRows()] = Field(
        True, description="Check the server's certificate. Without it, anybody in between can read along."
    )
    ca_file: Annotated[ProfilePath | None, OutsideRows()] = Field(
        None, description="PEM file of certificates to trust instead of the system's."
    )
    proxy: Annotated[WebAddress | None, OutsideRows()] = Field(
        None, description="HTTP proxy, such as http://proxy.example.com:3128; default: the machine's own."
    )
    proxy_username: Annotated[OptionalText, OutsideRows()] = Field(
        None, description="Log-in name at the proxy, where it wants one."
    )
    proxy_password: Annotated[Secret | None, OutsideRows()] = Field(
        None, description="Password at the proxy, by reference."
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
        10, ge=1, le=50, description="Connections at once; at most four of them ask for one mailbox."
    )
    public: Annotated[Literal[False], BeforeValidator(_no_public_folders)] = Field(
        False, description="Only false: Microsoft Graph has no public folders."
    )
    shared: Annotated[SharedMailboxes, switch(SharedMailboxes)] = Field(
        SharedMailboxes(), description="Contacts of shared mailboxes, for the company phone book."
    )
    personal: Annotated[PersonalFolders, switch(PersonalFolders)] = Field(
        PersonalFolders(), description="Each account's own contacts, for that account alone."
    )
    directory: Annotated[Directory, switch(Directory)] = Field(
        Directory(enabled=False), description="The people of the organisation, for the company phone book."
    )
    org_contacts: Annotated[OrgContacts, switch(OrgContacts)] = Field(
        OrgContacts(enabled=False), description="Mail contacts of the organisation, for the company phone book."
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> Microsoft365Settings:
        if (self.client_secret is None) == (self.certificate is None):
            raise ValueError("give either client_secret or certificate")
        if self.passphrase is not None and self.certificate is None:
            raise ValueError("passphrase: opens the key of a certificate:, and there is none")
        if not self.verify and self.ca_file is not None:
            raise ValueError("verify: false and ca_file: contradict each other")
        if (self.proxy_username is None) != (self.proxy_password is None):
            raise ValueError("proxy_username and proxy_password go together")
        if self.proxy_username is not None and self.proxy is None:
            raise ValueError("proxy_username and proxy_password need proxy:")
        return self

    @property
    def root(self) -> str:
        """The address that all paths are below, without a slash at its end."""
        return (self.url or CLOUDS[self.cloud].url).rstrip("/")

    @property
    def scope(self) -> str:
        """What a token is asked for."""
        return CLOUDS[self.cloud].scope

    @property
    def sign_in(self) -> str:
        """The tenant's address at the sign-in service."""
        authority = (self.authority or CLOUDS[self.cloud].authority).rstrip("/")
        return authority if urlsplit(authority).path.strip("/") else f"{authority}/{self.tenant.strip()}"

    @property
    def has_contact_delta(self) -> bool:
        """Whether this cloud tells changes of contacts; China's lists only."""
        return CLOUDS[self.cloud].has_contact_delta

    @property
    def mail_domain(self) -> str:
        """What makes a principal name of a user name; empty: nothing is known."""
        tenant = self.tenant.strip()
        return self.personal.suffix or (tenant if "." in tenant else "")
