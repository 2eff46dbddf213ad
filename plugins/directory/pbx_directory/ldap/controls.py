"""Controls: pages (RFC 2696) and sorting on the server (RFC 2891)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pbx_connector.api import Key, Order, ber
from pbx_directory.ldap.attributes import find_attribute
from pbx_directory.ldap.codes import PAGED, SORT, SORTED, Code
from pbx_directory.ldap.filters import name
from pbx_directory.ldap.messages import MOST_ID, Control

MOST_KEYS = 8
_RULE, _REVERSE, _ATTRIBUTE = 0x80, 0x81, 0x80
_RULES = frozenset({"2.5.13.3", "caseignoreorderingmatch", "2.5.13.6", "caseexactorderingmatch"})
"""By which texts can be sorted: both as the phone book sorts them."""


@dataclass(frozen=True, slots=True)
class Paging:
    size: int
    """0: none of them any more."""
    cookie: bytes
    """Where to go on; empty at the beginning."""


def find_control(controls: Sequence[Control], oid: str) -> Control | None:
    return next((control for control in controls if control.oid == oid), None)


def paging_of(controls: Sequence[Control]) -> Paging | None:
    control = find_control(controls, PAGED)
    if control is None:
        return None
    data = control.value or b""
    begin, end = ber.expect(data, 0, len(data), ber.SEQUENCE)
    first, after = ber.expect(data, begin, end, ber.INTEGER)
    size = ber.number(data, first, after)
    start, stop = ber.expect(data, after, end, ber.OCTETS)
    if not 0 <= size <= MOST_ID:
        raise ber.Malformed("a page has no such size")
    return Paging(size, data[start:stop])


def paged(cookie: bytes, total: int) -> Control:
    return Control(PAGED, value=ber.element(ber.SEQUENCE, ber.integer(total), ber.octets(cookie)))


@dataclass(frozen=True, slots=True)
class Sorting:
    """The order that is asked for, or what makes it impossible."""

    order: tuple[Order, ...]
    critical: bool
    code: Code = Code.SUCCESS
    attribute: str = ""
    """The one that cannot be sorted by."""

    @property
    def answer(self) -> Control:
        parts = [ber.integer(self.code, ber.ENUMERATED)]
        parts += [ber.octets(self.attribute, _ATTRIBUTE)] if self.attribute else []
        return Control(SORTED, value=ber.element(ber.SEQUENCE, *parts))


def sorting_of(controls: Sequence[Control]) -> Sorting | None:
    control = find_control(controls, SORT)
    if control is None:
        return None
    data = control.value or b""
    order: list[Order] = []
    begin, end = ber.expect(data, 0, len(data), ber.SEQUENCE)
    for tag, first, last in ber.elements(data, begin, end):
        if tag != ber.SEQUENCE or len(order) >= MOST_KEYS:
            raise ber.Malformed("keys to sort by are none, or too many")
        attribute, rule, descending = _read_key(data, first, last)
        key, code = _sortable(attribute, rule)
        if key is None:
            return Sorting((), control.critical, code, attribute)
        order.append(Order(key, descending))
    return Sorting(tuple(order), control.critical)


def _read_key(data: bytes, begin: int, end: int) -> tuple[str, str, bool]:
    first, after = ber.expect(data, begin, end, ber.OCTETS)
    rest = {tag: data[start:stop] for tag, start, stop in ber.elements(data, after, end)}
    return name(data[first:after]), name(rest.get(_RULE, b"")), rest.get(_REVERSE, b"\0") != b"\0"


def _sortable(attribute: str, rule: str) -> tuple[Key | None, Code]:
    found = find_attribute(attribute)
    if found is None:
        return None, Code.NO_SUCH_ATTRIBUTE
    if found.key is None or (rule and rule.casefold() not in _RULES):
        return None, Code.INAPPROPRIATE_MATCHING
    return found.key, Code.SUCCESS
