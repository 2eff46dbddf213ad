"""The `settings:` of a profile with `source: carddav`: what an administrator can say, checked before any request."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from pbx_connector.api import (
    LISTED,
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

PLACEHOLDERS = ("{id}", "{username}", "{email}")
_HOST = re.compile(r"(?:\*\.)?[\w-]+(?:\.[\w-]+)*(?::\d{1,5})?")
_ADDRESS: TypeAdapter[str] = TypeAdapter(WebAddress)


def _host(value: str) -> str:
    if not _HOST.fullmatch(value.strip()):
        raise ValueError("expected a host such as dav.example.com or *.example.com, without https:// and path")
    return value.strip().lower()


def _address_pattern(value: str) -> str:
    filled = value
    for placeholder in PLACEHOLDERS:
        filled = filled.replace(placeholder, "x")
    try:
        _ADDRESS.validate_python(filled)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
    if any(placeholder in value.partition("//")[2].partition("/")[0] for placeholder in PLACEHOLDERS):
        raise ValueError("the account may be named in the path alone, not in the host")
    return value.strip()


class CompanyBooks(FolderSettings):
    """Address books whose contacts are for the whole company, by their names."""


class PersonalBooks(FolderSettings):
    """Each account's own address books, for that account alone: with the log-in of the profile, or with its own."""

    url: Annotated[Annotated[str, AfterValidator(_address_pattern)] | None, BeforeValidator(blank_is_none)] = Field(
        None,
        description="Where an account's address books are, such as https://dav.example.com/{username}/; "
        "{id} and {email} stand for the account's, too. Default: url:, with the account's own log-in.",
    )
    passwords: Annotated[ProfilePath | None, BeforeValidator(blank_is_none), OutsideRows()] = Field(
        None,
        description="Folder with a file for each account, named by its user name or id: its app password, "
        "or its log-in name and below it the password.",
    )
    skip_accounts: Annotated[tuple[str, ...], OutsideRows()] = Field(
        (), description="Ids of accounts without address books, such as door phones."
    )

    @model_validator(mode="after")
    def _names_the_account(self) -> PersonalBooks:
        if not self.enabled or self.passwords is not None:
            return self
        if self.url is None or not any(placeholder in self.url for placeholder in PLACEHOLDERS):
            raise ValueError(
                "say where an account's address books are: url: with {username}, {email} or {id} in it, or passwords:"
            )
        return self


class CardDavSettings(SettingsModel):
    """How to reach a CardDAV server, and which address books to read."""

    url: WebAddress = Field(
        description="Address of the server, such as https://cloud.example.com, or of one address book."
    )
    username: OptionalText = Field(None, description="Log-in name.")
    password: Annotated[Secret | None, OutsideRows()] = Field(
        None, description="Password of that user, by reference; an app password where the server has them."
    )
    hosts: Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], LISTED, OutsideRows()] = Field(
        (), description="Other hosts that may have the password, as the server sends us there: *.icloud.com."
    )
    verify: Annotated[bool, OutsideRows()] = Field(
        True, description="Check the server's certificate. Without it, anybody in between can read along."
    )
    ca_file: Annotated[ProfilePath | None, BeforeValidator(blank_is_none), OutsideRows()] = Field(
        None, description="PEM file of certificates to trust instead of the system's."
    )
    proxy: Annotated[WebAddress | None, BeforeValidator(blank_is_none), OutsideRows()] = Field(
        None, description="HTTP proxy, such as http://proxy.example.com:3128; default: the machine's own."
    )
    timeout: Annotated[float, OutsideRows()] = Field(60, gt=0, le=600, description="Seconds to wait for one answer.")
    patience: Annotated[float, OutsideRows()] = Field(
        300, ge=0, le=3600, description="Seconds to go on asking a server that is busy or failing."
    )
    memory: Annotated[int, OutsideRows()] = Field(
        1024, ge=512, description="MiB of memory that a run may take, whatever the server sends; 512 or more."
    )
    full_after_days: Annotated[float, OutsideRows()] = Field(
        7, ge=0, description="Days after which an address book is listed in full again, to be sure of the changes."
    )
    company: Annotated[CompanyBooks, switch(CompanyBooks)] = Field(
        CompanyBooks(), description="Address books that the log-in sees, for the company phone book."
    )
    personal: Annotated[PersonalBooks, switch(PersonalBooks)] = Field(
        PersonalBooks(enabled=False), description="Each account's own address books, for that account alone."
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> CardDavSettings:
        if (self.username is None) != (self.password is None):
            raise ValueError("username: and password: go together")
        if self.username is not None and ":" in self.username:
            raise ValueError("username: may not have a colon")
        if not self.verify and self.ca_file is not None:
            raise ValueError("verify: false and ca_file: contradict each other")
        return self
