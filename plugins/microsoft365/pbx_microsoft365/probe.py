"""The connection test: the way in, one step at a time, each with what was found or what to do about it.

Called through `SourceType.test_connection`. Permissions are tried, not read off the token: an app that is confined by a
role of Exchange Online has none in its token. Nothing is waited for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from pbx_connector.api import BookUnknown, Check, SourceContext, Transport
from pbx_microsoft365.address_books.location import BookFinder, BookLocation
from pbx_microsoft365.address_books.mailboxes import PersonalFinder, SharedFinder
from pbx_microsoft365.connection import client_of, transport_options
from pbx_microsoft365.error_catalog import UNVERIFIED
from pbx_microsoft365.error_mapping import FOREIGN, MAPPING, problem
from pbx_microsoft365.people_book import members_of
from pbx_microsoft365.settings import Microsoft365Settings
from pbx_microsoft365.wire.client import GraphClient
from pbx_microsoft365.wire.sign_in import SignIn
from pbx_microsoft365.wire.targets import path


def test_connection(settings: Microsoft365Settings, context: SourceContext) -> Iterator[Check]:
    """Goes on until a step fails that all others need. Raises nothing about the server; that is what checks say."""
    settings = settings.model_copy(update={"patience": 0})
    with ExitStack() as stack:
        probe = _Probe(settings, context, stack)
        for name, step in probe.steps():
            check = Check.of(name, step, MAPPING)
            yield check
            if check.failed:
                return
        yield from probe.look_around()


class _Probe:
    _client: GraphClient
    _sign_in: SignIn

    def __init__(self, settings: Microsoft365Settings, context: SourceContext, stack: ExitStack) -> None:
        self._settings = settings
        self._context = context
        self._stack = stack

    def steps(self) -> Iterator[tuple[str, Callable[[], str | Check]]]:
        yield "sign-in", self._log_in
        yield "Microsoft Graph", self._knock

    def _log_in(self) -> str | Check:
        transport = Transport(transport_options(self._settings))
        self._stack.callback(transport.close)
        self._sign_in = SignIn(self._settings, transport)
        self._sign_in.token()
        self._client = client_of(self._settings, transport, self._sign_in)
        detail = f"as {self._settings.client_id} at {self._settings.sign_in}"
        return detail if self._settings.verify else Check("sign-in", UNVERIFIED.warning("sign-in"), detail)

    def _knock(self) -> str:
        """What every mailbox needs besides its contacts: the permission to find people."""
        found = self._client.get("/users", {"$select": "id", "$top": "1"})
        return f"{self._settings.root}, users can be read" if found.get("value") else f"{self._settings.root}, no user"

    def look_around(self) -> Iterator[Check]:
        """What can be read; a failure here is one of that place alone."""
        settings = self._settings
        if settings.personal.enabled:
            yield from self._look_at_accounts()
        if settings.shared.enabled and settings.shared.owners:
            shared = SharedFinder(self._client, settings)
            yield from _read(shared.find(), "shared mailboxes")
            yield from _patterns(shared)
        if settings.directory.enabled:
            yield Check.of("directory", lambda: self._first("/users"), MAPPING)
            yield from self._groups(settings.directory.groups)
        if settings.org_contacts.enabled:
            yield Check.of("organisational contacts", lambda: self._first("/contacts"), MAPPING)
            yield from self._groups(settings.org_contacts.groups)

    def _look_at_accounts(self) -> Iterator[Check]:
        personal = PersonalFinder(self._client, self._settings, self._context.accounts)
        for account in self._context.accounts:
            if account.id not in self._settings.personal.skip_accounts:
                name = f"contacts of account {account.username or account.id}"
                yield from _read(personal.find_of(account), name, self._first_contact)
        yield from _patterns(personal)

    def _first_contact(self, place: BookLocation) -> None:
        """Folders and their contacts are different permissions, as some policies have it."""
        target = path("users", place.mailbox, "contactFolders", place.folder, "contacts")
        self._client.get(target, {"$select": "id", "$top": "1"}, mailbox=place.mailbox)

    def _first(self, target: str) -> str:
        found = self._client.get(target, {"$select": "id", "$top": "1"}).get("value")
        return "can be read" if found else "can be read, and is empty"

    def _groups(self, groups: tuple[str, ...]) -> Iterator[Check]:
        for group in groups:
            yield Check.of(f"group {group}", lambda group=group: self._first_member(group), MAPPING)  # type: ignore[misc]

    def _first_member(self, group: str) -> str:
        found = self._client.get(members_of(self._client, group), {"$top": "1"}).get("value")
        return "its members can be read" if found else "its members can be read; there are none"


def _patterns(finder: BookFinder) -> Iterator[Check]:
    return (Check(warning.where, warning) for warning in finder.warnings())


def _read(
    places: Iterator[BookLocation | BookUnknown], name: str, look: Callable[[BookLocation], None] = lambda place: None
) -> Iterator[Check]:
    """One check for what can be read, and one for each thing that cannot."""
    found: Counter[str] = Counter()
    try:
        for place in places:
            if isinstance(place, BookUnknown):
                yield Check(place.book.title, place.problem)
            elif not found:
                look(place)
            found[type(place).__name__] += 1
    except FOREIGN as error:
        yield Check(name, problem(error, name))
        return
    if found["BookLocation"] or not found:
        yield Check(name, detail=f"folders with contacts: {found['BookLocation']}")
