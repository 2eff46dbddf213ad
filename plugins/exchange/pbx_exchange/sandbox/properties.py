"""The properties of items, in the order of Microsoft's schema, and how each is written.

A property belongs to a kind of item; shapes.py picks those that a client asks for. What the schema knows and the
sandbox does not keep (attachments, conversations, certificates ...) is left out of answers, as for an item without it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from pbx_connector.testing.office.entities import DirectoryAddress, Item, Kind, Value, Values, tell_time
from pbx_connector.testing.office.mapi import as_text, read_class, read_size, read_subject
from pbx_exchange.sandbox.soap import attribute, escape

FIND_LIMIT: Final = 255
"""FindItem cuts text after so many characters; GetItem gives it whole."""

Write = Callable[[Item, Values], str]
"""Item and its values (made once for all properties) to XML; empty text when there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a property is asked for."""

    listing: bool
    """By FindItem or SyncFolderItems, which tell less than GetItem."""
    entries: Collection[str] | None = None
    """Entries of a dictionary property, such as `BusinessPhone` or `Home_City`; None for all."""
    html: bool = False


@dataclass(frozen=True, slots=True)
class Property:
    uri: str
    """As clients name it: `contacts:GivenName`."""
    write: Callable[[Asked], Write]
    default: bool = False
    """Part of the shape `Default`."""
    listed: bool = True
    """FindItem tells it too."""
    extra: bool = False
    """Told only if asked for by name."""

    @property
    def name(self) -> str:
        return self.uri.partition(":")[2]


def _text(uri: str, *, default: bool = False, fallback: str = "") -> Property:
    name = uri.partition(":")[2]

    def ask(asked: Asked) -> Write:
        limit = FIND_LIMIT if asked.listing else None

        def write(item: Item, values: Values) -> str:
            value = values.get(name, fallback)
            return f"<t:{name}>{escape(str(value)[:limit])}</t:{name}>" if value else ""

        return write

    return Property(uri, ask, default)


def _strings(uri: str) -> Property:
    name = uri.partition(":")[2]

    def write(item: Item, values: Values) -> str:
        inner = "".join(f"<t:String>{escape(value)}</t:String>" for value in as_strings(values.get(name)))
        return f"<t:{name}>{inner}</t:{name}>" if inner else ""

    return Property(uri, lambda asked: write)


def _computed(uri: str, write: Write, *, default: bool = False, listed: bool = True, extra: bool = False) -> Property:
    return Property(uri, lambda asked: write, default, listed, extra)


def _dictionary(uri: str, keys: Collection[str], entry: Callable[[str, str, Asked, Values], str]) -> Property:
    name = uri.partition(":")[2]

    def ask(asked: Asked) -> Write:
        named = None if asked.entries is None else {path.partition("_")[0] for path in asked.entries}
        wanted = [key for key in keys if named is None or key in named]

        def write(item: Item, values: Values) -> str:
            inner = "".join(entry(f"{name}_{key}", key, asked, values) for key in wanted)
            return f"<t:{name}>{inner}</t:{name}>" if inner else ""

        return write

    return Property(uri, ask, default=True)


def _plain_entry(path: str, key: str, asked: Asked, values: Values) -> str:
    value = values.get(path)
    if not value:
        return ""
    if isinstance(value, DirectoryAddress):
        return _directory_entry(key, value, asked)
    return f'<t:Entry Key="{key}">{escape(str(value)[: FIND_LIMIT if asked.listing else None])}</t:Entry>'


def _directory_entry(key: str, value: DirectoryAddress, asked: Asked) -> str:
    told, routing = (value.legacy_dn, "EX") if asked.listing else (value.smtp, "SMTP")
    return f'<t:Entry Key="{key}" Name={attribute(value.smtp)} RoutingType="{routing}">{escape(told)}</t:Entry>'


_ADDRESS_PARTS = ("Street", "City", "State", "CountryOrRegion", "PostalCode")


def _address_entry(path: str, key: str, asked: Asked, values: Values) -> str:
    parts = (
        f"<t:{part}>{escape(str(values[f'{path}_{part}'])[: FIND_LIMIT if asked.listing else None])}</t:{part}>"
        for part in _ADDRESS_PARTS
        if values.get(f"{path}_{part}") and (asked.entries is None or f"{key}_{part}" in asked.entries)
    )
    inner = "".join(parts)
    return f'<t:Entry Key="{key}">{inner}</t:Entry>' if inner else ""


def _item_id(item: Item, values: Values) -> str:
    return f'<t:ItemId Id="{item.id}" ChangeKey="{item.change_key}"/>'


def _parent_id(item: Item, values: Values) -> str:
    return f'<t:ParentFolderId Id="{item.folder.id}" ChangeKey="{item.folder.change_key}"/>'


def _subject(asked: Asked) -> Write:
    limit = FIND_LIMIT if asked.listing else None

    def write(item: Item, values: Values) -> str:
        subject = read_subject(values)
        return f"<t:Subject>{escape(subject[:limit])}</t:Subject>" if subject else ""

    return write


def _body(name: str) -> Callable[[Asked], Write]:
    def ask(asked: Asked) -> Write:
        html = asked.html and name == "Body"

        def write(item: Item, values: Values) -> str:
            text = escape(str(values.get("Body", "")))
            if html:
                return f'<t:{name} BodyType="HTML">{escape(f"<html><body>{text}</body></html>")}</t:{name}>'
            return f'<t:{name} BodyType="Text">{text}</t:{name}>' if text else ""

        return write

    return ask


def _complete_name(item: Item, values: Values) -> str:
    parts = {
        "Title": values.get("0x3a45"),
        "FirstName": values.get("GivenName"),
        "MiddleName": values.get("MiddleName"),
        "LastName": values.get("Surname"),
        "Suffix": values.get("Generation"),
        "Initials": values.get("Initials"),
    }
    full = " ".join(str(part) for name, part in parts.items() if part and name != "Initials")
    named = {**parts, "FullName": full, "Nickname": values.get("Nickname")}
    inner = "".join(f"<t:{name}>{escape(str(value))}</t:{name}>" for name, value in named.items() if value)
    return f"<t:CompleteName>{inner}</t:CompleteName>" if inner else ""


def _size(item: Item, values: Values) -> str:
    return f"<t:Size>{read_size(values)}</t:Size>"


def _instance_key(item: Item, values: Values) -> str:
    return f"<t:InstanceKey>{base64.b64encode(item.number.to_bytes(8, 'big')).decode()}</t:InstanceKey>"


def _mailbox_of(name: str) -> Write:
    def write(item: Item, values: Values) -> str:
        address = values.get(name)
        if not address:
            return ""
        inner = f"<t:Name>{escape(str(address))}</t:Name><t:EmailAddress>{escape(str(address))}</t:EmailAddress>"
        return f"<t:{name}><t:Mailbox>{inner}<t:RoutingType>SMTP</t:RoutingType></t:Mailbox></t:{name}>"

    return write


def _members(item: Item, values: Values) -> str:
    inner = "".join(
        f"<t:Member><t:Mailbox><t:Name>{escape(address)}</t:Name><t:EmailAddress>{escape(address)}</t:EmailAddress>"
        "<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>OneOff</t:MailboxType></t:Mailbox>"
        "<t:Status>Normal</t:Status></t:Member>"
        for address in as_strings(values.get("Members"))
    )
    return f"<t:Members>{inner}</t:Members>" if inner else ""


def _constant(name: str, text: str) -> Write:
    fragment = f"<t:{name}>{text}</t:{name}>"
    return lambda item, values: fragment


def _moment(name: str, version: Callable[[Item], int]) -> Write:
    return lambda item, values: f"<t:{name}>{tell_time(version(item)):%Y-%m-%dT%H:%M:%SZ}</t:{name}>"


PHONES: Final = (
    *("AssistantPhone", "BusinessFax", "BusinessPhone", "BusinessPhone2", "Callback", "CarPhone"),
    *("CompanyMainPhone", "HomeFax", "HomePhone", "HomePhone2", "Isdn", "MobilePhone", "OtherFax"),
    *("OtherTelephone", "Pager", "PrimaryPhone", "RadioPhone", "Telex", "TtyTddPhone"),
    *("BusinessMobile", "IPPhone", "Mms", "Msn"),
)
EMAILS: Final = ("EmailAddress1", "EmailAddress2", "EmailAddress3")
IM_ADDRESSES: Final = ("ImAddress1", "ImAddress2", "ImAddress3")
ADDRESSES: Final = ("Business", "Home", "Other")

_ITEM = (
    _computed("item:ItemId", _item_id, default=True),
    _computed("item:ParentFolderId", _parent_id),
    _computed("item:ItemClass", lambda item, values: f"<t:ItemClass>{escape(read_class(item, values))}</t:ItemClass>"),
    Property("item:Subject", _subject, default=True),
    _text("item:Sensitivity", default=True, fallback="Normal"),
    Property("item:Body", _body("Body"), default=True, listed=False),
    _computed("item:DateTimeReceived", _moment("DateTimeReceived", lambda item: item.created)),
    _computed("item:Size", _size),
    _strings("item:Categories"),
    _text("item:Importance", fallback="Normal"),
    _computed("item:DateTimeSent", _moment("DateTimeSent", lambda item: item.created)),
    _computed("item:DateTimeCreated", _moment("DateTimeCreated", lambda item: item.created)),
    _computed("item:HasAttachments", _constant("HasAttachments", "false"), default=True),
    _text("item:Culture", fallback="en-US"),
    _computed("item:LastModifiedTime", _moment("LastModifiedTime", lambda item: item.version)),
    _computed("item:IsAssociated", _constant("IsAssociated", "false")),
    _computed("item:InstanceKey", _instance_key, extra=True),
    Property("item:TextBody", _body("TextBody"), listed=False, extra=True),
)
_CONTACT = (
    _text("contacts:FileAs", default=True),
    _text("contacts:FileAsMapping"),
    _text("contacts:DisplayName", default=True),
    _text("contacts:GivenName", default=True),
    _text("contacts:Initials"),
    _text("contacts:MiddleName"),
    _text("contacts:Nickname"),
    _computed("contacts:CompleteName", _complete_name, default=True),
    _text("contacts:CompanyName", default=True),
    _dictionary("contacts:EmailAddresses", EMAILS, _plain_entry),
    _dictionary("contacts:PhysicalAddresses", ADDRESSES, _address_entry),
    _dictionary("contacts:PhoneNumbers", PHONES, _plain_entry),
    _text("contacts:AssistantName"),
    _text("contacts:Birthday"),
    _text("contacts:BusinessHomePage"),
    _strings("contacts:Children"),
    _strings("contacts:Companies"),
    _text("contacts:ContactSource", fallback="Store"),
    _text("contacts:Department"),
    _text("contacts:Generation"),
    _dictionary("contacts:ImAddresses", IM_ADDRESSES, _plain_entry),
    _text("contacts:JobTitle", default=True),
    _text("contacts:Manager"),
    _text("contacts:Mileage"),
    _text("contacts:OfficeLocation"),
    _text("contacts:PostalAddressIndex"),
    _text("contacts:Profession"),
    _text("contacts:SpouseName"),
    _text("contacts:Surname"),
    _text("contacts:WeddingAnniversary"),
    _text("contacts:HasPicture", fallback="false"),
    *(_text(f"contacts:Phonetic{part}Name") for part in ("Full", "First", "Last")),
)
_LIST = (
    _text("contacts:DisplayName", default=True),
    _text("contacts:FileAs", default=True),
    _text("contacts:ContactSource", fallback="Store"),
    _computed("distributionlist:Members", _members, listed=False),
)
_MESSAGE = (
    _computed("message:Sender", _mailbox_of("Sender"), default=True),
    _computed("message:From", _mailbox_of("From"), default=True),
    _text("message:InternetMessageId"),
    _text("message:IsRead", default=True, fallback="true"),
)
PROPERTIES: Final[Mapping[Kind, tuple[Property, ...]]] = {
    "Contact": _ITEM + _CONTACT,
    "DistributionList": _ITEM + _LIST,
    "Message": _ITEM + _MESSAGE,
    "Item": _ITEM,
}

SINGULAR: Final[Mapping[str, str]] = {
    "contacts:EmailAddress": "contacts:EmailAddresses",
    "contacts:PhoneNumber": "contacts:PhoneNumbers",
    "contacts:ImAddress": "contacts:ImAddresses",
    **{f"contacts:PhysicalAddress:{part}": "contacts:PhysicalAddresses" for part in _ADDRESS_PARTS},
}
"""How clients name a dictionary property when they ask for one entry of it."""


def entry_path(uri: str, index: str) -> str:
    """What an indexed property is called among the values, after the dictionary's own name."""
    return f"{index}_{uri.rpartition(':')[2]}" if uri.startswith("contacts:PhysicalAddress:") else index


def value_name(uri: str, index: str | None = None) -> str:
    """The name among the values of a property that a client names."""
    if index is None:
        return uri.partition(":")[2]
    return f"{SINGULAR[uri].partition(':')[2]}_{entry_path(uri, index)}"


def as_strings(value: Value | None) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return value
    text = as_text(value)
    return (text,) if text else ()
