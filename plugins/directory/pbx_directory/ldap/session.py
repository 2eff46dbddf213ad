"""One client's conversation, without the network: a request goes in, the octets of its answer come out in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from pbx_connector.api import Device, Every, Identified, PhoneBook, StoreError, UsageError
from pbx_directory.dialing import DialForm
from pbx_directory.ldap import answers
from pbx_directory.ldap.attributes import Attribute, Holder, find_attribute
from pbx_directory.ldap.codes import CONTROLS, MANAGE_DSA_IT, START_TLS, Code, Scope, Tag
from pbx_directory.ldap.conditions import condition_of, holds
from pbx_directory.ldap.cursors import CursorBudget, Cursors
from pbx_directory.ldap.entries import values_of
from pbx_directory.ldap.filters import Comparing, Comparison
from pbx_directory.ldap.limits import Limits
from pbx_directory.ldap.messages import (
    Abandon,
    Bind,
    Compare,
    Excessive,
    Extended,
    Operation,
    Request,
    Search,
    Unbind,
    Write,
)
from pbx_directory.ldap.names import InvalidName
from pbx_directory.ldap.searching import Asker, Refusal, Searching, only
from pbx_directory.ldap.self_description import described
from pbx_directory.ldap.tree import BindName, Nowhere, Special, area, bind_name, special

LDAP = "ldap"
"""What a device that asks by LDAP calls itself, as it says nothing."""


class Doorkeeper(Protocol):
    """Who may ask; see `pbx_directory.access`."""

    def by_secret(self, device: str, secret: str, address: str, agent: str = "") -> Device | None: ...
    def anybody(self, address: str) -> Device | None: ...
    def is_current(self, device: Device) -> bool:
        """False once it was removed, or its secret or account is another."""
        ...


class Directory:
    """What all conversations with one phone system share."""

    def __init__(
        self,
        phone_book: PhoneBook,
        gate: Doorkeeper,
        *,
        dial_form: Callable[[Device], DialForm],
        limits: Limits,
        has_start_tls: bool = False,
        phone_system: str = "",
        budget: CursorBudget | None = None,
    ) -> None:
        """`phone_system` is the id of the one among many; all of them share a `budget`."""
        self.phone_book = phone_book
        self.gate = gate
        self.dial_form = dial_form
        self.limits = limits
        self.has_start_tls = has_start_tls
        self.phone_system = phone_system
        self.budget = budget or CursorBudget(limits.cursor_ids)


class Session:
    def __init__(self, directory: Directory, address: str, *, needs_tls: bool = False) -> None:
        """`needs_tls`: nothing that is private is said or heard before StartTLS."""
        self._address = address
        self.needs_tls = needs_tls
        self._begin(directory)

    def _begin(self, directory: Directory) -> None:
        self._directory = directory
        self._bound: Device | None = None
        self._cursors = Cursors(directory.limits.cursors, directory.budget)
        self._searching = Searching(directory.phone_book, self._cursors, directory.limits)

    @property
    def is_bound(self) -> bool:
        return self._bound is not None

    def close(self) -> None:
        self._cursors.end()

    def forget(self) -> None:
        """Nobody is bound any more, and nothing is left of what was asked."""
        self.enter(self._directory)

    def go_on(self, directory: Directory) -> None:
        """With the same phone system."""
        self._directory = directory

    def enter(self, directory: Directory) -> None:
        """Another phone system."""
        self._cursors.end()
        self._begin(directory)

    def answer(self, request: Request) -> Iterator[bytes]:
        """Ends with the result. Nothing for what has no answer."""
        tag = _answer_tag(request.operation)
        if tag is None:
            return
        try:
            _check_controls(request)
            yield from self._answered(request, tag)
        except Refusal as refusal:
            yield answers.result(
                tag, request.id, refusal.code, refusal.said, matched=refusal.matched, controls=refusal.controls
            )
        except StoreError:
            yield answers.result(tag, request.id, Code.UNAVAILABLE, "the phone book cannot be reached")
        except UsageError:
            yield answers.result(tag, request.id, Code.ADMIN_LIMIT_EXCEEDED, "that is too long to look for")

    def _answered(self, request: Request, tag: int) -> Iterator[bytes]:
        match request.operation:
            case Bind() as bind:
                self._bind(bind)
                yield answers.result(tag, request.id, Code.SUCCESS)
            case Search() as search:
                yield from self._search(request, search)
            case Compare() as compare:
                yield answers.result(tag, request.id, self._compare(compare))
            case Excessive(why):
                raise Refusal(Code.ADMIN_LIMIT_EXCEEDED, why)
            case Write():
                raise Refusal(Code.UNWILLING_TO_PERFORM, "the phone book is read here and not written")
            case _:
                raise Refusal(Code.PROTOCOL_ERROR, "this is not known here")

    # --- bind ----------------------------------------------------------------------------------------------------

    def _bind(self, bind: Bind) -> None:
        self.forget()
        if bind.version not in (2, 3):
            raise Refusal(Code.PROTOCOL_ERROR, "LDAP is spoken here as of versions 2 and 3")
        if bind.password is None:
            raise Refusal(Code.AUTH_METHOD_NOT_SUPPORTED, "only simple binds are known here")
        if not bind.name and not bind.password:
            if self._directory.gate.anybody(self._address) is None:
                raise Refusal(Code.INAPPROPRIATE_AUTHENTICATION, "a name and a password are needed here")
            return
        self._check_tls()
        if not bind.password:
            raise Refusal(Code.UNWILLING_TO_PERFORM, "a name needs its password")
        self._bound = self._device(bind.name, bind.password)
        if self._bound is None:
            raise Refusal(Code.INVALID_CREDENTIALS)

    def _device(self, name: str, password: bytes) -> Device | None:
        secret = password.decode("utf-8", "replace")
        return self._directory.gate.by_secret(self._device_id(name), secret, self._address, LDAP)

    def _device_id(self, name: str) -> str:
        """Empty for a name of another phone system, and for none."""
        named = named_in(name)
        return named.device.lower() if named.phone_system in ("", self._directory.phone_system) else ""

    def _check_tls(self) -> None:
        if self.needs_tls:
            raise Refusal(Code.CONFIDENTIALITY_REQUIRED, "StartTLS comes first here")

    def _asker(self) -> Asker:
        self._check_tls()
        if self._bound is not None and not self._directory.gate.is_current(self._bound):
            self.forget()
        device = self._bound or self._directory.gate.anybody(self._address)
        if device is None:
            raise Refusal(Code.INSUFFICIENT_ACCESS_RIGHTS, "bind with the name and the secret of a device first")
        return Asker(device, self._directory.dial_form(device))

    # --- search, compare -----------------------------------------------------------------------------------------

    def _search(self, request: Request, search: Search) -> Iterator[bytes]:
        if (found := _special(search)) is not None:
            return self._describe(request, search, found)
        return self._searching.answer(request, search, self._asker())

    def _describe(self, request: Request, search: Search, found: Special) -> Iterator[bytes]:
        held = described(found, has_start_tls=self._directory.has_start_tls)
        if search.scope is not Scope.ONE_LEVEL and holds(search.filter, held):
            shown = list(_selected(held, search.attributes))
            values = [(name, () if search.types_only else values) for name, values in shown if values]
            yield answers.entry(request.id, found.value, values)
        yield answers.result(Tag.SEARCH_DONE, request.id, Code.SUCCESS)

    def _compare(self, compare: Compare) -> Code:
        asker = self._asker()
        attribute = find_attribute(compare.attribute)
        if attribute is None:
            raise Refusal(Code.UNDEFINED_ATTRIBUTE_TYPE, "there is no such attribute")
        asked = Comparison(Comparing.EQUAL, compare.attribute, compare.value)
        try:
            place = area(compare.name, Scope.BASE, asker.owners)
            if place.folders:
                held = place.folders[0].attributes
                return _verdict(bool(held.get(attribute.name)), holds(asked, held))
            return self._compare_entry(place.entry or 0, place.owners, attribute, asked, asker)
        except (InvalidName, Nowhere):
            raise Refusal(Code.NO_SUCH_OBJECT, "there is no such entry") from None

    def _compare_entry(
        self, number: int, owners: frozenset[str | None], attribute: Attribute, asked: Comparison, asker: Asker
    ) -> Code:
        book, numbers = self._directory.phone_book, self._searching.lookup(asker)
        identified = Identified(frozenset({number}))
        entry = only(book.find(identified, owners=owners, limit=1))
        if entry is None:
            raise Refusal(Code.NO_SUCH_OBJECT, "there is no such entry")
        values = values_of(attribute, entry, numbers)
        if attribute.is_ is Holder.NOTES:
            return _verdict(bool(values), asked.value.decode("utf-8", "replace") in values)
        wanted = Every((identified, condition_of(asked, numbers)))
        return _verdict(bool(values), bool(book.count(wanted, owners=owners)))


def named_in(name: str) -> BindName:
    """Of a bind; a name that is none is nobody's."""
    try:
        return bind_name(name.strip())
    except InvalidName:
        return BindName("")


def _verdict(has_values: bool, fits: bool | None) -> Code:
    if not has_values:
        raise Refusal(Code.NO_SUCH_ATTRIBUTE, "the entry has no such attribute")
    return Code.COMPARE_TRUE if fits else Code.COMPARE_FALSE


def _special(search: Search) -> Special | None:
    try:
        return special(search.base, search.scope)
    except InvalidName:
        raise Refusal(Code.INVALID_DN_SYNTAX, "the base is no distinguished name") from None


def _selected(held: Mapping[str, Sequence[str]], asked: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """What the server says of itself is said to who asks for anything."""
    if not asked or "*" in asked or "+" in asked:
        yield from held.items()
        return
    known = {name.casefold(): values for name, values in held.items()}
    yield from [(name, known[name.casefold()]) for name in dict.fromkeys(asked) if name.casefold() in known]


def _answer_tag(operation: Operation) -> int | None:
    match operation:
        case Unbind() | Abandon():
            return None
        case Bind():
            return Tag.BIND_ANSWER
        case Search() | Excessive():
            return Tag.SEARCH_DONE
        case Compare():
            return Tag.COMPARE_ANSWER
        case Extended():
            return Tag.EXTENDED_ANSWER
        case Write(answer):
            return answer


def _check_controls(request: Request) -> None:
    known = CONTROLS if isinstance(request.operation, Search) else (MANAGE_DSA_IT,)
    if any(control.critical and control.oid not in known for control in request.controls):
        raise Refusal(Code.UNAVAILABLE_CRITICAL_EXTENSION, "a control that must not be ignored is not known here")


def starts_tls(operation: Operation) -> bool:
    return isinstance(operation, Extended) and operation.oid == START_TLS
