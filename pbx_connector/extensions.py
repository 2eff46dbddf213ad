"""What plugins add besides sources and functions: export formats, servers, commands; and what these are given.

The values of the hooks `pbx_exporters`, `pbx_servers` and `pbx_commands`. Plugins import them from `pbx_connector.api`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

from pbx_connector.config import Config
from pbx_connector.model import Account
from pbx_connector.stores import (
    ALL,
    AccountScope,
    Condition,
    Device,
    Entry,
    Label,
    Match,
    Order,
    Position,
    Sighting,
    Store,
)
from pbx_connector.stores.identity import store_id

if TYPE_CHECKING:
    import typer

    from pbx_connector.application.installation import Installation
    from pbx_connector.application.phone_systems import PhoneSystems
    from pbx_connector.application.status import ServiceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What an export is told beside the entries."""

    variant: str = ""
    """One of the exporter's `variants`; empty: as it writes without being told."""
    store: str = ""
    """Which phone book it is: the same text for as long as it exists, another for every other one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """One format of `phonebook export`."""

    name: str
    """As `--format` takes it."""
    title: str
    """For people."""
    content_type: str
    """For HTTP, such as `text/csv; charset=utf-8`."""
    file_ending: str
    """Without the dot."""
    names_owners: bool = False
    """Whether it says whose a private entry is. Read from a format that does not, it would be a company entry."""
    by_name: bool = False
    """Whether the entries come in the order of their display names, as directories show them; otherwise by id."""
    render: Callable[[Iterable[Entry], Sequence[str], TextIO], None]
    """`render(entries, labels, stream)` writes entries as they come, so that a book of any size passes through;
    `labels` are those of the whole phone book."""
    variants: Sequence[str] = ()
    """Other ways to write the same format, such as an older version of it."""
    render_with: Callable[[Iterable[Entry], Sequence[str], TextIO, ExportOptions], None] | None = None
    """Called in place of `render` if given: with variants, or ids for the entries that others keep."""

    def write(self, entries: Iterable[Entry], labels: Sequence[str], stream: TextIO, options: ExportOptions) -> None:
        if self.render_with:
            self.render_with(entries, labels, stream, options)
        else:
            self.render(entries, labels, stream)


class Server(ABC):
    """Something that `serve` runs beside the schedules."""

    name: str
    """For people; unique among all servers."""

    @property
    @abstractmethod
    def address(self) -> str:
        """Where it listens, for people; asked once it has started."""

    @abstractmethod
    def start(self) -> None:
        """Start to serve from threads of its own and return; raises `ConnectorError` if that cannot be."""

    @abstractmethod
    def stop(self) -> None:
        """Let go of address and threads; called once, if `start` has returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOption:
    """What a user interface asks for as it adds a device."""

    name: str
    """As it is kept in `Device.options`."""
    title: str
    """For people."""
    hint: str = ""
    choices: Sequence[tuple[str, str]] = ()
    """What it can be, each with words for it; empty: any text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAccess:
    """How a plugin serves devices, for the user interfaces in which they are set up."""

    name: str
    """Of what serves them; unique."""
    options: Sequence[DeviceOption]
    check: Callable[[Mapping[str, str]], Mapping[str, str]]
    """The options as they are kept, from those that are given; raises `UsageError`."""
    describe: Callable[[Device, str, Store], Mapping[str, str]]
    """`describe(device, secret, store)`: what has to be typed into it, by what that is. Kept nowhere: it holds the
    secret."""
    preview: Callable[[PhoneBook, Device, str], str] | None = None
    """`preview(phone_book, device, asked)`: what it would show for a number or a part of a name, as text."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or a group of them, that a plugin adds to `pbx-connector`."""

    name: str
    help: str
    """A line for the list of commands."""
    load: Callable[[], typer.Typer]
    """Called when the command is: import there what only the command needs."""


class PhoneBook:
    """The phone book to read. It raises `StoreError` while the store cannot be reached."""

    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store

    def entries(self, *, account: AccountScope = ALL, limit: int | None = None, after: int = 0) -> Iterator[Entry]:
        """Entries with an id above `after`, by id; `account=None`: company entries only."""
        return self._store().entries(account=account, limit=limit, after=after)

    def entry(self, entry: int) -> Entry:
        """Raises `UsageError` if there is none of that id."""
        return self._store().entry(entry)

    def count_entries(self, *, account: AccountScope = ALL) -> int:
        return self._store().count_entries(account=account)

    def search(self, text: str, *, account: AccountScope = ALL, limit: int | None = None) -> Iterator[Entry]:
        """Entries with `text` somewhere in names, organisation, e-mail or numbers, whatever its case and accents."""
        return self._store().search(text, account=account, limit=limit)

    def lookup(self, number: str, *, account: str | None = None) -> list[Match]:
        """Whose number it is; the first match is the one to show."""
        return self._store().lookup(number, account=account)

    def find(
        self,
        condition: Condition,
        *,
        owners: Collection[str | None],
        order: Sequence[Order] = (),
        limit: int | None = None,
        after: Position | None = None,
    ) -> Iterator[Entry]:
        """Entries of `owners`, None being the company, in the order given, then by id; all of one moment. `after` goes
        on behind an entry in the order of display names."""
        return self._store().find(condition, owners=owners, order=order, limit=limit, after=after)

    def find_ids(
        self,
        condition: Condition,
        *,
        owners: Collection[str | None],
        order: Sequence[Order] = (),
        limit: int | None = None,
    ) -> Sequence[int]:
        """The ids of what `find` gives."""
        return self._store().find_ids(condition, owners=owners, order=order, limit=limit)

    def count(self, condition: Condition, *, owners: Collection[str | None]) -> int:
        return self._store().count_found(condition, owners=owners)

    def revision(self) -> str:
        """Another text whenever an entry, its labels or an account has changed."""
        return self._store().revision()

    def identity(self) -> str:
        """Which phone book it is: the same text for as long as it exists, another for every other one."""
        return store_id(self._store())

    def labels(self) -> list[Label]:
        return self._store().labels()

    def accounts(self) -> list[Account]:
        return self._store().accounts()


class DeviceReader:
    """The devices that may ask the phone book, as who serves them needs them. It raises `StoreError` while the store
    cannot be reached."""

    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store

    def devices(self) -> list[Device]:
        return self._store().devices()

    def device(self, device: str) -> Device | None:
        return self._store().device(device)

    def note_seen(self, sightings: Sequence[Sighting]) -> None:
        self._store().note_seen(sightings)


class PluginContext:
    """What the core gives to one plugin's servers and commands. Nothing is read or opened before it is asked for."""

    def __init__(
        self,
        plugin: str,
        *,
        installation: Callable[[], Installation],
        store: Callable[[], Store],
        open_store: Callable[[], Store],
        store_url: Callable[[], str],
        status: Callable[[], ServiceStatus] | None = None,
        phone_systems: Callable[[], PhoneSystems | None] = lambda: None,
        phone_system: str | None = None,
        host_name: Callable[[], str] = lambda: "",
        operator: Callable[[], Installation] | None = None,
    ) -> None:
        self.plugin = plugin
        """The plugin's own name."""
        self.phone_book = PhoneBook(store)
        self.devices = DeviceReader(store)
        self.open_store = open_store
        """Opens the phone book anew, to write; use it as `with context.open_store() as store:`."""
        self.store = store
        """The phone book that the caller has open, for every thread; raises `StoreError` while it cannot be reached. A
        command's may stand for one that is not there yet: to write, it opens one by `open_store`."""
        self.status = status
        """How the service is that runs this, live; None in a command."""
        self.phone_system = phone_system
        """Which of a provider's this is all about: its id; None where there is one alone, and where all are served."""
        self._installation = installation
        self._host_name = host_name
        self._operator = operator
        self._store_url = store_url
        self._phone_systems = phone_systems

    def of(self, plugin: str) -> PluginContext:
        """The same for another plugin."""
        return PluginContext(
            plugin,
            installation=self._installation,
            store=self.store,
            open_store=self.open_store,
            store_url=self._store_url,
            status=self.status,
            phone_systems=self._phone_systems,
            phone_system=self.phone_system,
            host_name=self._host_name,
            operator=self._operator,
        )

    @property
    def installation(self) -> Installation:
        """What functions of `pbx_connector.api.application` take. Raises `ConfigError`."""
        return self._installation()

    @property
    def operator(self) -> Installation:
        """That of whoever runs this machine, who says what no phone system among many can: addresses, certificates, the
        domain of all. Where there is one alone it is `installation`. Raises `ConfigError`."""
        return (self._operator or self._installation)()

    @property
    def phone_systems(self) -> PhoneSystems | None:
        """The phone systems of a provider, each with a context of its own; None where there is one alone, which is this
        context's. Raises `ConnectorError`."""
        return self._phone_systems()

    @property
    def host_name(self) -> str:
        """By which one of many phone systems is reached; empty without one, and where there is one alone. Raises
        `ConnectorError`."""
        return self._host_name()

    @property
    def store_url(self) -> str:
        """Where the phone book is, for those functions that open it themselves. Never show it, it may hold a password:
        `place` of a store is for people."""
        return self._store_url()

    @property
    def config(self) -> Config:
        """Raises `ConfigError` if it cannot be used."""
        return self.installation.config

    def clock(self) -> datetime:
        """The time, with its zone: UTC. Raises `ConfigError`."""
        return self.installation.clock()

    @property
    def settings(self) -> Any:
        """What the configuration says under the plugin's name, as the model of its `pbx_config`; None without one,
        or if keys that it requires are not given because the plugin does not stand in the configuration at all."""
        return self.config.plugins.get(self.plugin)
