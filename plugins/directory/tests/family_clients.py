"""Telephones as far as they ask for a phone book: each is set up with what its page of the docs prints, asks as its
family does, and tells which rows it would show."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from lxml import etree

from .phone_books import Read, parsed, read

Ask = Callable[[str, str], bytes]
"""`ask("GET", url)`: the body of the answer."""
Client = Callable[[str, Ask, str], list[Read]]
"""With its configuration, a way to ask, and what is typed on it; nothing: the whole list."""


def setting(configuration: str, name: str) -> str:
    lines = (line.partition("=") for line in configuration.splitlines())
    return next(value.strip() for key, _, value in lines if key.strip() == name)


def _yealink(configuration: str, ask: Ask, typed: str) -> list[Read]:
    """Downloads the book, goes through its menus, and searches in what it has."""
    told = ask("GET", setting(configuration, "remote_phonebook.data.1.url"))
    root = parsed("yealink", told)
    pages = [ask("GET", url.text or "") for url in root.iter("URL")] or [told]
    rows = [row for page in pages for row in read("yealink", page)]
    return [row for row in rows if typed.lower() in row.name.lower()]


def _yealink_search(configuration: str, ask: Ask, typed: str) -> list[Read]:
    return read("yealink", ask("GET", setting(configuration, "super_search.url").replace("#SEARCH", quote(typed))))


def _snom(configuration: str, ask: Ask, typed: str) -> list[Read]:
    rows = read("snom", ask("POST", configuration.strip()))
    return [row for row in rows if typed.lower() in f"{row.first} {row.last}".lower()]


def _grandstream(configuration: str, ask: Ask, typed: str) -> list[Read]:
    rows = read("grandstream", ask("GET", f"http://{setting(configuration, 'P331')}/phonebook.xml"))
    return [row for row in rows if typed.lower() in f"{row.first} {row.last}".lower()]


def _fanvil(configuration: str, ask: Ask, typed: str) -> list[Read]:
    address = etree.fromstring(configuration).findtext("Addr") or ""
    return read("fanvil", ask("GET", address + quote(typed)))


def _cisco(configuration: str, ask: Ask, typed: str) -> list[Read]:
    """Through the menu to the list, page by page, or to the form."""
    menu = parsed("cisco", ask("GET", etree.fromstring(configuration).text or ""))
    everybody, search = (url.text or "" for url in menu.iter("URL"))
    if typed:
        form = parsed("cisco", ask("GET", search))
        parameter = form.findtext("InputItem/QueryStringParam")
        return read("cisco", ask("GET", f"{form.findtext('URL')}?{parameter}={quote(typed)}"))
    told, rows = ask("GET", everybody), list[Read]()
    while True:
        rows += read("cisco", told)
        keys = {key.findtext("Name"): key.findtext("URL") or "" for key in parsed("cisco", told).iter("SoftKeyItem")}
        if "Next" not in keys:
            return rows
        told = ask("GET", keys["Next"])


def _poly(configuration: str, ask: Ask, typed: str) -> list[Read]:
    own = configuration.strip().replace("000000000000", "0004f2abcdef")
    rows = read("poly", ask("GET", own))
    return [row for row in rows if typed.lower() in f"{row.first} {row.last}".lower()]


def _gigaset(configuration: str, ask: Ask, typed: str) -> list[Read]:
    handset = "command=get_list&type=pr&reqid=7&reqsrc=user&lang=1&mac=7C2F80E0D605&handsetid=1"
    wanted = f"ln={quote(typed)}*" if typed else "id=*&first=1&count=20"
    return read("gigaset", ask("GET", f"{configuration.strip()}{handset}&{wanted}"))


def _mitel(configuration: str, ask: Ask, typed: str) -> list[Read]:
    form = parsed("mitel", ask("GET", configuration.strip()))
    return read("mitel", ask("GET", f"{form.findtext('URL')}?{form.findtext('Parameter')}={quote(typed)}"))


def _htek(configuration: str, ask: Ask, typed: str) -> list[Read]:
    return read("htek", ask("GET", setting(configuration, "P4401") + quote(typed)))


def _panasonic(configuration: str, ask: Ask, typed: str) -> list[Read]:
    return read("panasonic", ask("GET", configuration.strip() + quote(typed)))


def _avaya(configuration: str, ask: Ask, typed: str) -> list[Read]:
    rows = read("avaya", ask("GET", configuration.strip()))
    return [row for row in rows if typed.lower() in f"{row.first} {row.last}".lower()]


CLIENTS: dict[str, tuple[str, Client]] = {
    "yealink": ("yealink", _yealink),
    "yealink-search": ("yealink", _yealink_search),
    "snom": ("snom", _snom),
    "grandstream": ("grandstream", _grandstream),
    "fanvil": ("fanvil", _fanvil),
    "cisco": ("cisco", _cisco),
    "poly": ("poly", _poly),
    "gigaset": ("gigaset", _gigaset),
    "mitel": ("mitel", _mitel),
    "htek": ("htek", _htek),
    "panasonic": ("panasonic", _panasonic),
    "avaya": ("avaya", _avaya),
}
"""By the word in the docs, with the format of the device."""
