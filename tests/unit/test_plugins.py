"""Plugins are found through their entry points; one that is broken costs only itself."""

from __future__ import annotations

import importlib
import io
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from importlib import metadata
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import typer
from pbx_rules import Function, Parameter
from pbx_rules.types import TEXT
from pydantic import BaseModel

from pbx_connector import hookspecs
from pbx_connector.application import Installation
from pbx_connector.config import Config
from pbx_connector.errors import PluginError
from pbx_connector.extensions import Command, DeviceAccess, Exporter, PluginContext, Server
from pbx_connector.hookspecs import hookimpl
from pbx_connector.plugins import GROUP, Plugins
from pbx_connector.source import FieldSet, Source, SourceContext, SourceType
from pbx_connector.stores.memory import MemoryStore

GUIDE = (Path(__file__).resolve().parents[2] / "docs/plugin-authors.md").read_text(encoding="utf-8")


def never_opened(settings: Any, context: SourceContext) -> AbstractContextManager[Source]:
    raise AssertionError


def source_type(name: str) -> SourceType:
    return SourceType(name=name, title=name.title(), settings=BaseModel, fields=FieldSet(()), open=never_opened)


Install = Callable[..., EntryPoint]


@pytest.fixture
def install() -> Iterator[Install]:
    """Makes a module with the given hook and an entry point that leads to it."""
    made: list[str] = []

    def installed(name: str, hook: Callable[..., Any] | None, hook_name: str = "pbx_sources") -> EntryPoint:
        module = types.ModuleType(f"fake_plugin_{name}")
        if hook:
            setattr(module, hook_name, hookimpl(hook, specname=hook_name))
            sys.modules[module.__name__] = module
            made.append(module.__name__)
        return EntryPoint(name, module.__name__, GROUP)

    yield installed
    for module_name in made:
        del sys.modules[module_name]


def test_sources_of_all_plugins_are_found(install: Install) -> None:
    entries = [install("b", lambda: [source_type("beta")]), install("a", lambda: [source_type("alpha")])]
    plugins = Plugins(entries)
    assert list(plugins.sources) == ["alpha", "beta"]
    assert plugins.broken == ()


def test_a_plugin_that_fails_to_import_is_named_and_harms_nobody(install: Install) -> None:
    plugins = Plugins([install("good", lambda: [source_type("alpha")]), install("gone", None)])
    assert list(plugins.sources) == ["alpha"]
    assert [broken.name for broken in plugins.broken] == ["gone"]
    assert "ModuleNotFoundError" in plugins.broken[0].reason


def raising() -> Sequence[SourceType]:
    raise RuntimeError("no luck")


def exiting() -> Sequence[SourceType]:
    sys.exit(3)


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        (raising, "no luck"),
        (exiting, "SystemExit"),
        (lambda: ["exchange"], "returned str"),
        (lambda: None, "TypeError"),
    ],
)
def test_a_plugin_whose_hook_misbehaves_is_named_and_harms_nobody(
    install: Install, hook: Callable[[], Any], reason: str
) -> None:
    plugins = Plugins([install("bad", hook), install("good", lambda: [source_type("alpha")])])
    assert list(plugins.sources) == ["alpha"]
    assert [broken.name for broken in plugins.broken] == ["bad"]
    assert reason in plugins.broken[0].reason


def test_a_second_source_of_the_same_name_is_refused(install: Install) -> None:
    plugins = Plugins([install("a", lambda: [source_type("x")]), install("b", lambda: [source_type("x")])])
    assert list(plugins.sources) == ["x"]
    assert "exists already, from plugin 'a'" in plugins.broken[0].reason


def test_an_unknown_source_gets_a_suggestion(install: Install) -> None:
    plugins = Plugins([install("a", lambda: [source_type("exchange")]), install("ldap", None)])
    with pytest.raises(PluginError) as caught:
        plugins.source("exchnage")
    assert caught.value.hint == "did you mean exchange?"
    with pytest.raises(PluginError) as caught:
        plugins.source("ldap")
    assert "is broken" in caught.value.hint


def test_a_plugin_with_an_unknown_hook_costs_only_itself(install: Install) -> None:
    entries = [install("a", lambda: [source_type("alpha")], "pbx_surces"), install("b", lambda: [source_type("beta")])]
    plugins = Plugins(entries)
    assert list(plugins.sources) == ["beta"]
    assert [(broken.name, "unknown hook 'pbx_surces'" in broken.reason) for broken in plugins.broken] == [("a", True)]


def function(name: str) -> Function:
    return Function(name, "text", "As it is.", (Parameter("text"),), TEXT, lambda text: text)


def test_functions_of_plugins_join_those_of_the_language(install: Install) -> None:
    plugins = Plugins([install("a", lambda: [function("same")], "pbx_functions")])
    assert plugins.functions.get("SAME") is not None
    assert plugins.functions.get("left") is not None
    assert list(plugins.added_functions) == ["same"]


SHOUTING = """
from pbx_connector.hookspecs import hookimpl
from pbx_rules import Function, Parameter
from pbx_rules.types import TEXT

@hookimpl
def pbx_functions():
    run = lambda text: text + "!"
    return [Function("shout", "mine", "Shouts.", (Parameter("text"),), TEXT, run)]
"""


def test_a_function_whose_module_has_changed_is_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    told = []
    for text in (SHOUTING, SHOUTING, SHOUTING.replace('"!"', '"!!"')):
        (tmp_path / "shouting_plugin.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        told.append(Plugins([EntryPoint("loud", "shouting_plugin", GROUP)]).added_functions["shout"])
        monkeypatch.delitem(sys.modules, "shouting_plugin")
    assert told[0] == told[1] != told[2]


def test_a_function_without_a_source_text_is_known_by_its_version(install: Install) -> None:
    made = Function("made", "mine", "Made elsewhere.", (Parameter("text"),), TEXT, str.upper)
    plugins = Plugins([install("a", lambda: [made], "pbx_functions")])
    assert list(plugins.added_functions) == ["made"]


@pytest.mark.parametrize(
    ("functions", "reason"),
    [
        (lambda: [function("extra"), function("left")], "there are two functions named left"),
        (lambda: [function("extra"), function("Two Words")], "cannot name a function"),
        (lambda: [function("extra"), "left"], "returned str, not Function"),
    ],
)
def test_a_plugin_with_a_bad_function_adds_none_and_harms_nobody(
    install: Install, functions: Callable[[], Any], reason: str
) -> None:
    good = install("good", lambda: [function("same")], "pbx_functions")
    plugins = Plugins([install("bad", functions, "pbx_functions"), good])
    assert list(plugins.added_functions) == ["same"]
    assert plugins.functions.get("extra") is None
    assert [broken.name for broken in plugins.broken] == ["bad"]
    assert reason in plugins.broken[0].reason


def test_every_hook_is_documented() -> None:
    for name in vars(hookspecs):
        if name.startswith("pbx_"):
            assert f"`{name}`" in GUIDE, name


def exporter(name: Any, render: Callable[..., None] = lambda entries, labels, stream: None) -> Exporter:
    return Exporter(name=name, title="X", content_type="text/plain", file_ending="x", render=render)


class Listening(Server):
    address = "nowhere"

    def __init__(self, name: str) -> None:
        self.name = name

    def start(self) -> None: ...
    def stop(self) -> None: ...


class Nameless(Listening):
    def __init__(self) -> None: ...


def command(name: Any) -> Command:
    return Command(name, "Does it.", typer.Typer)


def access(name: Any) -> DeviceAccess:
    return DeviceAccess(name=name, options=(), check=dict, describe=lambda device, secret, store: {})


Asked = Callable[[Plugins], Any]

KINDS: dict[str, tuple[Callable[[Any], Any], Asked]] = {
    "pbx_exporters": (exporter, lambda plugins: list(plugins.exporters)),
    "pbx_commands": (command, lambda plugins: list(plugins.commands({"run"}))),
    "pbx_device_access": (access, lambda plugins: [one.name for one in plugins.device_access(context_of)]),
    "pbx_servers": (Listening, lambda plugins: [server.name for _, server in plugins.servers(context_of)]),
}


def context_of(plugin: str) -> PluginContext:
    installation = Installation(Config(), Plugins(()))
    return PluginContext(
        plugin, installation=lambda: installation, store=MemoryStore, open_store=MemoryStore, store_url=str
    )


@pytest.mark.parametrize("hook", KINDS)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda make: make, "TypeError"),
        (lambda make: [object()], "returned object, not"),
        (lambda make: [make("")], "is named ''"),
        (lambda make: [make("two words")], "is named 'two words'"),
        (lambda make: [make(None)], "is named None"),
        (lambda make: [make("good")], "'good' exists already, from plugin 'a'"),
        (lambda make: sys.exit(3), "SystemExit"),
    ],
)
def test_a_plugin_that_answers_nonsense_to_a_hook_is_named_and_harms_nobody(
    install: Install, hook: str, answer: Callable[[Any], Any], reason: str
) -> None:
    make, asked = KINDS[hook]
    plugins = Plugins(
        [
            install("a", lambda: [make("good")], hook),
            install("b", lambda: answer(make), hook),
            install("c", lambda: [make("other")], hook),
        ]
    )
    assert asked(plugins) == ["good", "other"]
    assert [broken.name for broken in plugins.broken] == ["b"]
    assert reason in plugins.broken[0].reason


def test_no_plugin_replaces_a_command_of_the_core(install: Install) -> None:
    plugins = Plugins([install("a", lambda: [command("run"), command("walk")], "pbx_commands")])
    assert list(plugins.commands({"run"})) == ["walk"]
    assert plugins.broken[0].reason == "its command 'run' exists already, in the core"


def test_a_server_without_a_name_is_refused(install: Install) -> None:
    plugins = Plugins([install("a", lambda: [Nameless()], "pbx_servers")])
    assert plugins.servers(context_of) == []
    assert "'Nameless' object has no attribute 'name'" in plugins.broken[0].reason


def test_each_plugin_is_given_a_context_of_its_own(install: Install) -> None:
    given: list[PluginContext] = []

    def servers(context: PluginContext) -> list[Server]:
        given.append(context)
        return []

    Plugins([install(name, servers, "pbx_servers") for name in ("a", "b")]).servers(context_of)
    assert [context.plugin for context in given] == ["a", "b"]


def test_a_format_that_fails_is_named_without_what_an_entry_says(install: Install) -> None:
    def render(entries: Any, labels: Any, stream: Any) -> None:
        raise KeyError("Ann's number")

    plugins = Plugins([install("a", lambda: [exporter("odd", render)], "pbx_exporters")])
    with pytest.raises(PluginError) as caught:
        plugins.exporters["odd"].render([], [], io.StringIO())
    assert caught.value.message == "plugin 'a' failed to write the format 'odd': KeyError"


def test_what_ships_with_the_core_keeps_its_names(install: Install) -> None:
    early = install("a", lambda: [exporter("csv")], "pbx_exporters")
    plugins = Plugins([early, *metadata.entry_points(group=GROUP)])
    assert plugins.exporters["csv"].title == "CSV in the phone system's columns"
    assert [broken.name for broken in plugins.broken] == ["a"]
