"""What the commands share: the store that was chosen, the plugins, and the options every one of them takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import platformdirs
import typer

from pbx_connector import stores
from pbx_connector.cli import output
from pbx_connector.config import Config, load_config
from pbx_connector.errors import UsageError
from pbx_connector.plugins import Plugins
from pbx_connector.profile import Profile

STORE_HELP = "Where the phone book is, such as sqlite:///book.sqlite; default: as configured, or in your data folder."
CONFIG_HELP = "The configuration; default: config.yaml in your configuration folder or the system's, if there is one."

StoreOption = Annotated[str | None, typer.Option("--store", help=STORE_HELP)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
ProfileArgument = Annotated[Path, typer.Argument(help="The profile file.", metavar="PROFILE")]

AccountOption = Annotated[str | None, typer.Option("--account", help="Only this account's private entries.")]
CompanyOption = Annotated[bool, typer.Option("--company", help="Only company entries.")]


_SQLITE = "sqlite:///"


class Session:
    """One call of the command line. An option given after the command wins over one given before it."""

    def __init__(self, store_url: str | None = None, config_file: Path | None = None) -> None:
        self._chosen_store = store_url
        self._config_file = config_file

    @classmethod
    def of(cls, context: typer.Context, store: str | None = None) -> Session:
        session: Session = context.obj
        return cls(store, session._config_file) if store else session

    @cached_property
    def config(self) -> Config:
        """Raises `ConfigError`."""
        return load_config(self._config_file)

    def require_config(self) -> None:
        """Raises `ConfigError` now: a wrong configuration must not turn up when a run has ended."""
        _ = self.config

    @property
    def store_url(self) -> str:
        return self._chosen_store or self.config.store or f"sqlite:///{default_store_file()}"

    @property
    def profiles_folder(self) -> Path:
        folder = self.config.profiles
        assert folder is not None  # noqa: S101 - load_config sets it
        return folder

    def make_store_folder(self) -> None:
        """The folder of the default store; any other is the administrator's business."""
        if self.store_url == f"sqlite:///{default_store_file()}":
            default_store_file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def open_store(self) -> stores.Store:
        """Raises `StoreError`."""
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
        file = Path(self.store_url.removeprefix(_SQLITE)).expanduser()
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
        plugins = Plugins()
        for broken in plugins.broken:
            output.warn(f"plugin {broken.name!r} is left out: {broken.reason}")
        return plugins


def warn_without_accounts(profile: Profile, store: stores.Store) -> None:
    """A profile that uses the account of a row expects personal contacts; without accounts there are none."""
    if "local_id" in profile.fields and not store.accounts():
        output.warn("no accounts are known, so nobody's own contacts are read")
        output.hint("pbx-connector accounts import FILE.csv, with the columns id, username, email")


def default_store_file() -> Path:
    return platformdirs.user_data_path("pbx-connector", appauthor=False) / "phonebook.sqlite"


def known_account(store: stores.Store, id: str) -> str:
    """Raises `UsageError` if there is no such account."""
    if all(account.id != id for account in store.accounts()):
        raise UsageError(f"there is no account {id!r}", hint="pbx-connector accounts list")
    return id


def scope(store: stores.Store, account: str | None, company: bool) -> stores.AccountScope:
    """Which entries `--account` and `--company` ask for. Raises `UsageError` for both, or for an unknown account."""
    if account is not None and company:
        raise UsageError("--account and --company exclude each other")
    return None if company else stores.ALL if account is None else known_account(store, account)
