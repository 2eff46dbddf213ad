"""Servers of plugins: they start and stop with the service, and one that fails or hangs costs only itself."""

from __future__ import annotations

import sys
import threading
import time
import types
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from pbx_connector.application import Installation
from pbx_connector.config import Config
from pbx_connector.errors import ConnectorError
from pbx_connector.extensions import PluginContext, Server
from pbx_connector.hookspecs import hookimpl
from pbx_connector.plan import Content
from pbx_connector.plugins import GROUP, Plugins
from pbx_connector.service.servers import Servers
from pbx_connector.stores.memory import MemoryStore

PATIENCE = 100.0


class Phones(Server):
    def __init__(self, name: str, start: Callable[[], object] = lambda: None, stop: Callable[[], object] = int) -> None:
        self.name = name
        self.calls: list[str] = []
        self._start, self._stop = start, stop

    @property
    def address(self) -> str:
        return f"{self.name}:1"

    def start(self) -> None:
        self._start()
        self.calls.append("start")

    def stop(self) -> None:
        self.calls.append("stop")
        self._stop()


def failing(context: object = None) -> list[Server]:
    raise ConnectorError("the port is taken")


def serve(hook: Callable[[PluginContext], Sequence[Server]]) -> Servers:
    module = types.ModuleType("plugin_with_servers")
    module.pbx_servers = hookimpl(hook, specname="pbx_servers")  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    store = MemoryStore()
    store.add_entry(Content(None, {"display_name": "Ann", "phone": "112"}))

    def context(plugin: str) -> PluginContext:
        installation = Installation(Config(plugins={plugin: "mine"}), Plugins(()))
        return PluginContext(
            plugin,
            installation=lambda: installation,
            store=lambda: store,
            open_store=lambda: store,
            store_url=lambda: "sqlite:///book.sqlite",
        )

    return Servers(Plugins([EntryPoint("phones", module.__name__, GROUP)]), context)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    sys.modules.pop("plugin_with_servers", None)


def eventually(happens: Callable[[], object]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not happens() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(happens())


def told(servers: Servers) -> dict[str, tuple[Any, Any]]:
    return {each.name: (each.address or None, each.reason or None) for each in servers.statuses()}


def test_a_server_starts_is_told_and_stops() -> None:
    phones = Phones("phones")
    servers = serve(lambda context: [phones])
    servers.start()
    assert eventually(lambda: told(servers) == {"phones": ("phones:1", None)})
    servers.stop(within=PATIENCE)
    assert phones.calls == ["start", "stop"]
    assert told(servers) == {"phones": (None, None)}


def test_a_server_whose_address_shows_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """It showed before it could be stopped: whoever stopped at once left it behind."""
    phones = Phones("phones")
    servers = serve(lambda context: [phones])
    change = servers._change

    def slowly(*place: int, **changes: Any) -> object:
        status = change(*place, **changes)
        time.sleep(0.3)
        return status

    monkeypatch.setattr(servers, "_change", slowly)
    servers.start()
    assert eventually(lambda: told(servers) == {"phones": ("phones:1", None)})
    servers.stop(within=PATIENCE)
    assert phones.calls == ["start", "stop"]


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (failing, "the port is taken"),
        (lambda: 1 / 0, "ZeroDivisionError: division by zero"),
        (sys.exit, "SystemExit: "),
    ],
)
def test_one_that_fails_is_told_and_the_others_serve(start: Callable[[], object], reason: str) -> None:
    servers = serve(lambda context: [Phones("bad", start), Phones("good")])
    servers.start()
    assert eventually(lambda: told(servers) == {"bad": (None, reason), "good": ("good:1", None)})
    servers.stop(within=PATIENCE)


def test_a_plugin_whose_hook_fails_is_told() -> None:
    servers = serve(failing)
    servers.start()
    assert eventually(lambda: told(servers) == {"phones": (None, "ConnectorError: the port is taken")})


def test_one_that_hangs_holds_up_neither_start_nor_stop() -> None:
    never = threading.Event()
    slow = Phones("slow", start=never.wait)
    clinging = Phones("clinging", stop=never.wait)
    servers = serve(lambda context: [slow, clinging])
    began = time.monotonic()
    servers.start()
    assert eventually(lambda: told(servers).get("clinging") == ("clinging:1", None))
    servers.stop(within=0.2)
    assert time.monotonic() - began < PATIENCE
    never.set()
    assert eventually(lambda: slow.calls == ["start", "stop"])  # it had not started when the service was stopped


def test_the_context_has_the_plugins_settings_and_the_phone_book() -> None:
    given: list[PluginContext] = []

    def hook(context: PluginContext) -> list[Server]:
        given.append(context)
        return []

    serve(hook).start()
    assert eventually(lambda: given)
    [context] = given
    assert (context.plugin, context.settings) == ("phones", "mine")
    assert context.clock().tzinfo is UTC
    book = context.phone_book
    [entry] = book.entries()
    assert (book.entry(entry.id), book.count_entries(), book.labels(), book.accounts()) == (entry, 1, [], [])
    assert list(book.search("ann")) == [entry]
    assert [match.entry for match in book.lookup("112")] == [entry]
    assert not hasattr(book, "add_entry")
