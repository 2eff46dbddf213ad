"""The `settings:` of a profile with `source: ldap`: what an administrator can say, checked before any request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pbx_connector.api import LISTED, OptionalText, OutsideRows, ProfilePath, Secret, SettingsModel, blank_is_none
from pbx_ldap import dn
from pbx_ldap.wire.filters import parse_filter

PLACEHOLDERS = ("{id}", "{username}", "{email}")
Security = Literal["ldaps", "starttls", "none"]
PORTS: dict[Security, int] = {"ldaps": 636, "starttls": 389, "none": 389}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens; port 0: where its kind of protection listens."""

    host: str
    port: int = 0


def read_address(text: str) -> Address:
    """`dc1.example.com`, `dc1.example.com:3269`, `[::1]:389`. Raises ValueError."""
    host, port = text.strip(), ""
    if host.startswith("["):
        host, closed, rest = host[1:].partition("]")
        port = rest.removeprefix(":") if closed and (not rest or rest.startswith(":")) else "none"
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    valid = bool(host) and not any(character.isspace() or character in "/@" for character in host)
    if not valid or (port and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536)):
        raise ValueError("expected a host, such as dc1.example.com or dc1.example.com:636, without ldap://")
    return Address(host, int(port or 0))


def _server(value: str) -> str:
    read_address(value)
    return value.strip()


def _dn(value: str) -> str:
    if not dn.is_dn(value):
        raise ValueError("this is no distinguished name; expected something like ou=people,dc=example,dc=com")
    return value.strip()


def _filter(value: str) -> str:
    return parse_filter(value).text


def _filled(value: str) -> str:
    """What placeholders stand for does not matter to the syntax."""
    for placeholder in PLACEHOLDERS:
        value = value.replace(placeholder, "x")
    return value


def _dn_pattern(value: str) -> str:
    _dn(_filled(value))
    return value.strip()


def _filter_pattern(value: str) -> str:
    _filter(_filled(value))
    return value.strip()


def _groups(value: Any) -> Any:
    """A distinguished name has commas of its own."""
    return [value] if isinstance(value, str) else value


Server = Annotated[str, AfterValidator(_server)]
Dn = Annotated[str, AfterValidator(_dn)]
OptionalDn = Annotated[Dn | None, BeforeValidator(blank_is_none)]
OptionalFilter = Annotated[Annotated[str, AfterValidator(_filter)] | None, BeforeValidator(blank_is_none)]
Groups = Annotated[tuple[Dn, ...], BeforeValidator(_groups, json_schema_input_type=str | list[str])]
ScopeName = Literal["subtree", "one level"]
_BASE = "Where it begins, such as ou=people,dc=example,dc=com; default: the whole directory."
_SCOPE = "All below the base (subtree), or the one level right below it."
_FILTER = "Which entries; default: people and contacts that have a number and are not disabled."
_GROUPS = "Only members of these groups, by their distinguished names."


class Part(SettingsModel):
    """A part of the directory that is one address book of the company."""

    title: OptionalText = Field(None, description="What the address book is called; default: its base.")
    base: OptionalDn = Field(None, description=_BASE)
    scope: ScopeName = Field("subtree", description=_SCOPE)
    filter: OptionalFilter = Field(None, description=_FILTER)
    groups: Groups = Field((), description=_GROUPS)


class Personal(SettingsModel):
    """Each account's own contacts: `{id}`, `{username}` and `{email}` stand for the account's."""

    base: Annotated[Annotated[str, AfterValidator(_dn_pattern)] | None, BeforeValidator(blank_is_none)] = Field(
        None, description="Where an account's contacts are, such as ou={username},ou=contacts,dc=example,dc=com."
    )
    filter: Annotated[Annotated[str, AfterValidator(_filter_pattern)] | None, BeforeValidator(blank_is_none)] = Field(
        None, description="Which entries are an account's, such as (extensionAttribute1={username})."
    )
    scope: ScopeName = Field("subtree", description=_SCOPE)

    @model_validator(mode="after")
    def _names_the_account(self) -> Personal:
        text = f"{self.base or ''}{self.filter or ''}"
        if not any(placeholder in text for placeholder in PLACEHOLDERS):
            raise ValueError("base: or filter: must name the account by {username}, {email} or {id}")
        return self


class LdapSettings(SettingsModel):
    """How to reach a directory, and which parts of it to read."""

    servers: Annotated[tuple[Server, ...], LISTED, OutsideRows()] = Field(
        (),
        description="Hosts, asked in this order until one answers, such as dc1.example.com or ldap.example.com:1636.",
    )
    domain: Annotated[OptionalText, OutsideRows()] = Field(
        None, description="A domain whose servers the name service (DNS) knows, instead of servers:."
    )
    security: Annotated[Security, OutsideRows()] = Field(
        "ldaps", description="ldaps, starttls, or none: the last only to this machine itself, or without a log-in."
    )
    verify: Annotated[bool, OutsideRows()] = Field(
        True, description="Check the server's certificate. Without it, anybody in between can read along."
    )
    ca_file: Annotated[ProfilePath | None, OutsideRows()] = Field(
        None, description="PEM file of certificates to trust instead of the system's."
    )
    username: OptionalText = Field(
        None, description="Whom to log in as: user@example.com, EXAMPLE\\user or a whole distinguished name."
    )
    password: Annotated[Secret | None, OutsideRows()] = Field(None, description="Password of that user, by reference.")
    base: OptionalDn = Field(None, description=_BASE)
    scope: ScopeName = Field("subtree", description=_SCOPE)
    filter: OptionalFilter = Field(None, description=_FILTER)
    groups: Groups = Field((), description=_GROUPS)
    nested_groups: bool = Field(True, description="Members of groups inside the groups count, too.")
    disabled: bool = Field(False, description="Disabled accounts as well (Active Directory).")
    without_numbers: bool = Field(False, description="Entries without any telephone number as well.")
    books: tuple[Part, ...] = Field(
        (), description="Several parts, each an address book of its own, instead of one base:."
    )
    by_unit: bool = Field(
        False, description="Each organizational unit right below base: is an address book of its own."
    )
    company: Annotated[bool, OutsideRows()] = Field(
        True, description="Whether the parts for the company phone book are read at all."
    )
    personal: Personal | None = Field(None, description="Each account's own contacts, for that account alone.")
    key: OptionalText = Field(
        None, description="Attribute by which an entry is known again; default: objectGUID or entryUUID."
    )
    referrals: Literal["refuse", "ignore"] = Field(
        "refuse", description="Whether a part that is on another server fails the address book, or is left out."
    )
    changes: Annotated[Literal["auto", "compare"], OutsideRows()] = Field(
        "auto", description="How changes are found: as the server can tell them, or by comparing everything."
    )
    full_after_days: Annotated[float, OutsideRows()] = Field(
        7, ge=0, description="Days after which everything is listed again, to be sure of the changes since then."
    )
    page: Annotated[int, OutsideRows()] = Field(
        1000, ge=1, le=10_000, description="Entries to ask for at once; Active Directory allows 1000."
    )
    timeout: Annotated[float, OutsideRows()] = Field(60, gt=0, le=600, description="Seconds to wait for one answer.")

    @model_validator(mode="after")
    def _one_way_in(self) -> LdapSettings:
        if bool(self.servers) == bool(self.domain):
            raise ValueError("give either servers: or domain:")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together; without both nobody logs in")
        if not self.verify and self.ca_file is not None:
            raise ValueError("verify: false and ca_file: contradict each other")
        return self

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> LdapSettings:
        if self.books and (self.base or self.filter or self.groups or self.by_unit):
            raise ValueError("books: has base, filter and groups of its own: put them there")
        if self.by_unit and self.scope != "subtree":
            raise ValueError("by_unit: reads whole units: it wants scope: subtree")
        names = [(dn.normal(part.base or ""), part.title) for part in self.books]
        if len(set(names)) < len(names):
            raise ValueError("two of books: have the same base: give each a title: of its own")
        return self

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.books or (Part(base=self.base, scope=self.scope, filter=self.filter, groups=self.groups),)
