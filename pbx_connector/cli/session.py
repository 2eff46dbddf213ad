"""What the commands share: the store that was chosen, the plugins, and the options every one of them takes."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import platformdirs
import typer

from pbx_connector import files
from pbx_connector.cli import output, phone_system
from pbx_connector.cli.phone_system import Choice
from pbx_connector.errors import StoreError, UsageError
from pbx_connector.machine import machine_error

if TYPE_CHECKING:  # each is imported where it is used: every command imports this module
    from pbx_connector import stores
    from pbx_connector.application.fleet import Fleet
    from pbx_connector.application.installation import Installation
    from pbx_connector.application.phone_systems import PhoneSystem, PhoneSystems
    from pbx_connector.config import Config, ConfigFile, PluginConfig
    from pbx_connector.extensions import Command, Exporter
    from pbx_connector.plugins import Plugins
    from pbx_connector.profile import LoadedProfile, Profile

STORE_HELP = "Where the phone book is, such as sqlite:///book.sqlite; default: as configured, or in your data folder."
CONFIG_HELP = "The configuration; default: config.yaml in your configuration folder or the system's, if there is one."

StoreOption = Annotated[str | None, typer.Option("--store", help=STORE_HELP)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
RowsOption = Annotated[
    Path,
    typer.Option("--rows", metavar="FILE.jsonl", help="Rows to try the rules on: one JSON object a line, or an array."),
]
ProfileArgument = Annotated[Path, typer.Argument(help="The profile file.", metavar="PROFILE")]

TenantArgument = Annotated[str, typer.Argument(help="The tenant's id.", metavar="TENANT")]
WhoOption = Annotated[
    str, typer.Option("--who", envvar="PBX_CONNECTOR_WHO", help="Who does it, for the record; default: you.")
]

AccountOption = Annotated[str | None, typer.Option("--account", help="Only this account's private entries.")]
CompanyOption = Annotated[bool, typer.Option("--company", help="Only company entries.")]


_SQLITE = "sqlite:///"


class Session:
    """One call of the command line. An option given after the command wins over one given before it."""

    def __init__(
        self, choice: Choice | None = None, config_file: Path | None = None, before: Session | None = None
    ) -> None:
        """`before` has loaded the plugins already, if anybody needed them."""
        self.choice = choice or Choice()
        self._config_file = config_file
        self._opened = ExitStack()
        self._loaded: Plugins | None = before._loaded if before else None
        self._named: int = before._named if before else 0

    @classmethod
    def of(cls, context: typer.Context, store: str | None = None) -> Session:
        session: Session = context.obj or cls()  # a shell that completes words does not come by the options before
        if not store:
            return session
        output.name_tenant("")
        return cls(session.choice.with_store(store), session._config_file, before=session)

    def close(self) -> None:
        self._opened.close()

    @cached_property
    def _config_as_read(self) -> ConfigFile:
        from pbx_connector.config import ConfigFile

        return ConfigFile.read(self._config_file)

    @cached_property
    def config(self) -> Config:
        """Without what it says of plugins, which need not be loaded for it. Raises `ConfigError`."""
        return self._config_as_read.config()

    @cached_property
    def config_with_plugins(self) -> Config:
        """As the hooks of plugins get it. Raises `ConfigError`."""
        try:
            return self.plugins.configure(self._config_as_read)
        finally:
            self._name_broken()

    @property
    def config_file(self) -> ConfigFile:
        """The configuration with what says it. Raises `ConfigError`."""
        return self._config_as_read

    @cached_property
    def installation(self) -> Installation:
        """Of the phone system that was chosen. Raises `ConfigError`."""
        return self.phone_system.installation if self.phone_system else self.operator

    @cached_property
    def operator(self) -> Installation:
        """Of whoever runs this machine. Raises `ConfigError`."""
        from pbx_connector.application.installation import Installation

        return Installation(self.config_with_plugins, self.plugins, file=self._config_as_read)

    def open_fleet(self, connections: int | None = None) -> Fleet:
        """All tenants, to be closed; `connections` as `Fleet` takes them.

        Raises `UsageError` without a control database, and `StoreError`.
        """
        control = self.config.control
        if control is None:
            raise self._no_control_database()
        try:
            from pbx_connector.application.fleet import Fleet
        except ImportError:
            raise UsageError("many tenants need an extra", hint="pip install 'pbx-connector[scale]'") from None
        from pbx_connector.application.configuration import own_hosts

        return Fleet(
            control,
            self.plugins,
            connections=connections,
            own_hosts=lambda: own_hosts(self.config_with_plugins, self.plugins),
        )

    def _no_control_database(self) -> UsageError:
        key = "control: {database: postgresql://user@host/database}"
        if file := self._config_as_read.document.file:
            return UsageError(
                f"{file} names no control database", hint=f"add {key}, or set PBX_CONNECTOR_CONTROL_DATABASE"
            )
        return UsageError(
            "there is no configuration, which would name the control database",
            hint=f"--config FILE or PBX_CONNECTOR_CONFIG says where it is; it has {key}",
        )

    @cached_property
    def phone_systems(self) -> PhoneSystems:
        """Those of the fleet, until the command ends. Raises as `open_fleet` does."""
        fleet = self._opened.enter_context(self.open_fleet())
        from pbx_connector.application.phone_systems import PhoneSystems

        return PhoneSystems(fleet, operator=lambda: self.operator)

    @cached_property
    def phone_system(self) -> PhoneSystem | None:
        """The tenant that was chosen; None for the phone system that is configured. Raises `UsageError` for one that
        is not there."""
        return self.phone_systems.required(self.choice.tenant) if self.choice.tenant else None

    def load_profile(self, profile: Path) -> Profile:
        """Raises `ProfileError`, and `UsageError` for an id that is not published."""
        return phone_system.load_profile(self.phone_system, profile, self.plugins)

    def load_whole(self, profile: Path) -> LoadedProfile:
        """As `load_profile`, with what trying its rules needs."""
        return phone_system.load_whole(self.phone_system, profile, self.plugins)

    def require_config(self) -> None:
        """Raises `ConfigError` now: a wrong configuration must not turn up when a run has ended."""
        _ = self.installation

    @property
    def store_url(self) -> str:
        """Raises `UsageError` for a tenant."""
        if self.phone_system:
            self.phone_system.no_address()
        return self.choice.store or self.config.store or f"sqlite:///{default_store_file()}"

    @property
    def profiles_folder(self) -> Path:
        folder = self.config.profiles
        assert folder is not None  # noqa: S101 - load_config sets it
        return folder

    def make_store_folder(self) -> None:
        """The folder of the default store; any other is the administrator's business."""
        if self.store_url == f"sqlite:///{default_store_file()}":
            folder = default_store_file().parent
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise machine_error(error) or StoreError(
                    f"the phone book's folder {folder} cannot be made: {error.strerror}",
                    hint="set HOME to a folder that may be written to, or say where the phone book is: --store",
                ) from None

    def open_store(self) -> stores.Store:
        """Raises `StoreError`."""
        if self.phone_system:
            return self.phone_system.open_store()
        from pbx_connector import stores

        self.make_store_folder()
        url = self.store_url
        made = url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists()
        store = stores.open_store(url)
        if made:  # said, because a mistyped name looks like an empty phone book
            output.note(f"a new phone book is made: {store.place}")
        return store

    @contextmanager
    def open_store_to_look(self) -> Iterator[stores.Store]:
        """A phone book that is not there is not made; an empty one stands for it until the end of the block."""
        from pbx_connector import stores

        if self.phone_system:
            with self.open_store() as store:
                yield store
            return
        file = files.expanded(Path(self.store_url.removeprefix(_SQLITE)))
        is_default = file == default_store_file()
        if not self.store_url.startswith(_SQLITE) or file.exists() or not (file.parent.is_dir() or is_default):
            with self.open_store() as store:
                yield store
            return
        output.note(f"there is no phone book {file} yet: an empty one stands for it")
        with (
            TemporaryDirectory(prefix="pbx-connector-") as folder,
            stores.open_store(f"{_SQLITE}{Path(folder) / 'empty.sqlite'}") as store,
        ):
            yield store

    @cached_property
    def plugins(self) -> Plugins:
        """The installed plugins; those that are broken are named on stderr, once."""
        from pbx_connector.plugins import Plugins

        self._loaded = self._loaded or Plugins()
        self._name_broken()
        return self._loaded

    @property
    def plugin_configs(self) -> Mapping[str, PluginConfig]:
        found = self.plugins.configs
        self._name_broken()
        return found

    @property
    def exporters(self) -> Mapping[str, Exporter]:
        found = self.plugins.exporters
        self._name_broken()
        return found

    def plugin_commands(self, taken: Collection[str]) -> Mapping[str, tuple[str, Command]]:
        found = self.plugins.commands(taken)
        self._name_broken()
        return found

    def _name_broken(self) -> None:
        """Most hooks are asked when their answer is needed, so a plugin may turn out to be broken late."""
        broken = self._loaded.broken if self._loaded else ()
        for one in broken[self._named :]:
            output.warn(f"plugin {one.name!r} is left out: {one.reason}")
        self._named = len(broken)


def warn_without_accounts(profile: Profile, store: stores.Store) -> None:
    from pbx_connector.application.profiles import needs_accounts

    if needs_accounts(profile, store):
        output.warn("no accounts are known, so nobody's own contacts are read")
        output.hint("pbx-connector accounts import FILE.csv, with the columns id, username, email")


def default_store_file() -> Path:
    return platformdirs.user_data_path("pbx-connector", appauthor=False) / "phonebook.sqlite"


def local_user() -> str:
    """Who is at it, for the record."""
    return f"{getpass.getuser()}@{socket.gethostname()}"
