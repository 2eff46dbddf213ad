"""Finds the installed plugins and asks what they supply; a broken plugin is named and takes nobody else down.

`Plugins` is constructed by whoever needs it (the command line, a test), never a module global.
"""

from __future__ import annotations

import difflib
import hashlib
import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import metadata
from typing import Any, Protocol, TextIO, TypeVar

import pluggy
from pbx_rules import BUILTIN, Function, Registry
from pydantic import BaseModel

from pbx_connector import hookspecs
from pbx_connector.config import Config, ConfigFile, PluginConfig
from pbx_connector.errors import ConnectorError, PluginError
from pbx_connector.extensions import Command, DeviceAccess, Exporter, ExportOptions, PluginContext, Server
from pbx_connector.machine import machine_error
from pbx_connector.model import Report
from pbx_connector.notice import Notice
from pbx_connector.source import SourceType, Template
from pbx_connector.stores import Entry


class _HasName(Protocol):
    @property
    def name(self) -> str: ...


Answer = TypeVar("Answer")
Named = TypeVar("Named", bound=_HasName)

GROUP = "pbx_connector"
"""The entry point group that plugins register in."""
CORE = "pbx-connector"
SINGLE = frozenset({"pbx_config"})
"""The hooks that are answered by one value."""


Notifier = Callable[[Report, Sequence[Notice], Config, str], None]
"""The last is the delivery's id. Raises what the plugin raises."""


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    name: str
    reason: str


class Plugins:
    """The plugins of this installation. `broken` lists those that could not be used, with the reason."""

    def __init__(self, entry_points: Iterable[metadata.EntryPoint] | None = None) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._broken: list[BrokenPlugin] = []
        self._versions: dict[str, str] = {}
        found = metadata.entry_points(group=GROUP) if entry_points is None else entry_points
        for entry_point in sorted(found, key=_rank):
            self._load(entry_point)
        self.sources: dict[str, SourceType] = dict(self._collect_sources())
        self.added_functions: dict[str, str] = {}
        """The functions that plugins add to the language, each with what tells it from an earlier one of that name."""
        self.functions: Registry = self._collect_functions()

    @property
    def broken(self) -> tuple[BrokenPlugin, ...]:
        return tuple(self._broken)

    @property
    def names(self) -> frozenset[str]:
        """Of all plugins, those that could not be used among them."""
        return frozenset(name for name, _ in self._manager.list_name_plugin()) | {one.name for one in self._broken}

    @property
    def templates(self) -> dict[str, tuple[SourceType, Template]]:
        """Starting profiles by name, with the source that each is for."""
        return {template.name: (source, template) for source in self.sources.values() for template in source.templates}

    @cached_property
    def configs(self) -> dict[str, PluginConfig]:
        """What the configuration can say of each plugin, by plugin."""
        return {plugin: config for plugin, [config] in self._ask("pbx_config", PluginConfig, check=_check_config)}

    @cached_property
    def exporters(self) -> dict[str, Exporter]:
        """The formats of `phonebook export` by name."""
        asked = self._ask("pbx_exporters", Exporter)
        return {one.name: _guarded_exporter(plugin, one) for plugin, one in self._named(asked, "format")}

    def commands(self, taken: Collection[str]) -> dict[str, tuple[str, Command]]:
        """The commands of plugins by name, each with its plugin; the core's own, `taken`, cannot be replaced."""
        asked = self._ask("pbx_commands", Command)
        return {one.name: (plugin, one) for plugin, one in self._named(asked, "command", taken)}

    def servers(self, context: Callable[[str], PluginContext]) -> list[tuple[str, Server]]:
        """New servers, each with its plugin; `context` is asked for each plugin's own."""
        asked = self._ask("pbx_servers", Server, given=context)  # type: ignore[type-abstract] # a protocol, asked for by isinstance
        return list(self._named(asked, "server"))

    def device_access(self, context: Callable[[str], PluginContext]) -> list[DeviceAccess]:
        """Who serves devices, and what these need for it; `context` is asked for each plugin's own."""
        asked = self._ask("pbx_device_access", DeviceAccess, given=context)
        return [access for _, access in self._named(asked, "device access")]

    def configure(self, file: ConfigFile) -> Config:
        """The configuration with the settings of each plugin. Raises `ConfigError` with all that is wrong in them."""
        settings: dict[str, Any] = {}
        wrong = [file.unknown_plugin(name, self._known_configs(name)) for name in self._without_config(file)]
        for name, config in self.configs.items():
            with self._guarded(name):
                settings[name], diagnostics = file.section(name, config)
                wrong += diagnostics
        if wrong:
            raise file.error(tuple(wrong))
        return file.config().model_copy(update={"plugins": settings})

    def _without_config(self, file: ConfigFile) -> list[str]:
        """A broken plugin is named elsewhere, and what its section may say is not known."""
        known = self.configs.keys() | {broken.name for broken in self._broken}
        return [name for name in file.plugin_names() if name not in known]

    def _known_configs(self, name: str) -> str:
        close = difflib.get_close_matches(name, self.configs, n=1)
        if close:
            return f"did you mean {close[0]}?"
        known = ", ".join(sorted(self.configs))
        return f"plugins with a configuration: {known}" if known else "no installed plugin has a configuration"

    def notifiers(self, config: Config) -> dict[str, Notifier]:
        """The `pbx_run_finished` of each plugin that tells somebody, by plugin: one that fails stops no other."""
        callers = {}
        for name, plugin in self._manager.list_name_plugin():
            with self._guarded(name):
                if hasattr(plugin, "pbx_run_finished") and all(self._hook_of(plugin, "pbx_notifies")(config=config)):
                    callers[name] = _notifier(self._hook_of(plugin, "pbx_run_finished"))
        return callers

    def source(self, name: str) -> SourceType:
        """Raises `PluginError`, with a suggestion, if no plugin supplies a source of that name."""
        try:
            return self.sources[name]
        except KeyError:
            raise PluginError(f"unknown source {name!r}", hint=self.suggestion(name)) from None

    def meant(self, name: str) -> str | None:
        """The source whose name is nearly that; case does not count."""
        return next(iter(difflib.get_close_matches(name.casefold(), self.sources, n=1)), None)

    def suggestion(self, name: str) -> str:
        """What to try instead of a source name that does not exist."""
        failed = [plugin for plugin in self._broken if plugin.name == name]
        if failed:
            return f"the plugin of that name is broken: {failed[0].reason}"
        meant = self.meant(name)
        if meant:
            return f"did you mean {meant}?"
        known = ", ".join(sorted(self.sources))
        return f"installed sources: {known}" if known else "no source plugin is installed"

    def _hook_of(self, plugin: object, hook: str) -> pluggy.HookCaller:
        """Calls this plugin alone."""
        others = [other for _, other in self._manager.list_name_plugin() if other is not plugin]
        return self._manager.subset_hook_caller(hook, others)

    def _load(self, entry_point: metadata.EntryPoint) -> None:
        with self._guarded(entry_point.name):
            plugin = entry_point.load()
            if self._manager.has_plugin(entry_point.name):
                raise PluginError("another plugin has registered under this name")
            self._versions[entry_point.name] = entry_point.dist.version if entry_point.dist else ""
            self._manager.register(plugin, name=entry_point.name)
            self._check_hooks(entry_point.name)

    def _check_hooks(self, name: str) -> None:
        """A plugin with a hook that does not exist is left out whole, else each later one would be blamed for it."""
        try:
            self._manager.check_pending()
        except Exception:
            self._manager.unregister(name=name)
            raise

    def _collect_sources(self) -> Iterator[tuple[str, SourceType]]:
        for _, source in self._named(self._ask("pbx_sources", SourceType), "source"):
            yield source.name, source

    def _named(
        self, asked: Iterable[tuple[str, Sequence[Named]]], what: str, taken: Collection[str] = ()
    ) -> Iterator[tuple[str, Named]]:
        """Each thing that plugins supply, under a name that nothing before it has."""
        owners: dict[str, str] = dict.fromkeys(taken, "")
        for plugin, things in asked:
            for thing in things:
                is_new = False
                with self._guarded(plugin):
                    _check_name(thing.name, what, owners)
                    owners[thing.name], is_new = plugin, True
                if is_new:
                    yield plugin, thing

    def _collect_functions(self) -> Registry:
        """The functions of the language and those that plugins add; a plugin adds all of its functions or none."""
        functions = BUILTIN
        for plugin, added in self._ask("pbx_functions", Function):
            with self._guarded(plugin):
                functions = functions.extended(added)
                self.added_functions |= {one.name: f"{self._versions[plugin]} {_code(one)}" for one in added}
        return functions

    def _ask(
        self,
        hook: str,
        kind: type[Answer],
        *,
        given: Callable[[str], PluginContext] | None = None,
        check: Callable[[Answer], None] | None = None,
    ) -> Iterator[tuple[str, list[Answer]]]:
        """Each plugin's own answer, so that one that raises or answers nonsense costs only itself."""
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            plugin, answers = implementation.plugin_name, None
            with self._guarded(plugin):
                arguments = {"context": given(plugin)} if given else {}
                answer = implementation.function(*(arguments[name] for name in implementation.argnames))
                answers = _checked(hook, kind, [answer] if hook in SINGLE else list(answer), check)
            if answers is not None:
                yield plugin, answers

    @contextmanager
    def _guarded(self, name: str) -> Iterator[None]:
        try:
            yield
        except PluginError as error:
            self._broken.append(BrokenPlugin(name, error.message))
        except (Exception, SystemExit) as error:
            if lacking := machine_error(error):
                raise lacking from error
            self._broken.append(BrokenPlugin(name, f"{type(error).__name__}: {error}"))


def _rank(entry_point: metadata.EntryPoint) -> tuple[bool, str]:
    """What ships with the core comes first: no other plugin takes the name of a format from it."""
    return entry_point.dist is None or entry_point.dist.name != CORE, entry_point.name


def _checked(
    hook: str, kind: type[Answer], answers: list[Answer], check: Callable[[Answer], None] | None
) -> list[Answer]:
    for answer in answers:
        if not isinstance(answer, kind):
            raise PluginError(f"{hook} returned {type(answer).__name__}, not {kind.__name__}")
        if check:
            check(answer)
    return answers


def _check_name(name: object, what: str, owners: Mapping[str, str]) -> None:
    if not isinstance(name, str) or not name or any(char.isspace() for char in name):
        raise PluginError(f"its {what} is named {name!r}: a name is a text without blanks")
    if name in owners:
        owner = f"from plugin {owners[name]!r}" if owners[name] else "in the core"
        raise PluginError(f"its {what} {name!r} exists already, {owner}")


def _check_config(config: PluginConfig) -> None:
    if not (isinstance(config.model, type) and issubclass(config.model, BaseModel)):
        raise PluginError("the model of its configuration is no pydantic model")
    if config.model.model_config.get("extra") != "forbid":
        raise PluginError('its configuration would pass over mistyped keys: give the model extra="forbid"')


def _guarded_exporter(plugin: str, exporter: Exporter) -> Exporter:
    def render(entries: Iterable[Entry], labels: Sequence[str], stream: TextIO) -> None:
        render_with(entries, labels, stream, ExportOptions())

    def render_with(entries: Iterable[Entry], labels: Sequence[str], stream: TextIO, options: ExportOptions) -> None:
        try:
            exporter.write(entries, labels, stream, options)
        except (ConnectorError, OSError):
            raise
        except Exception as error:  # its own message may quote a contact
            if lacking := machine_error(error):
                raise lacking from error
            reason = f"plugin {plugin!r} failed to write the format {exporter.name!r}: {type(error).__name__}"
            raise PluginError(reason, hint="tell the plugin's author; another format may do") from error

    return replace(exporter, render=render, render_with=render_with)


def _code(function: Function) -> str:
    """A digest of the module that defines a function, so that a change counts before its author raises the version."""
    module, text = inspect.getmodule(function.run), ""
    with suppress(OSError, TypeError):  # what Python did not make of a file has no text
        text = inspect.getsource(module) if module else ""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _notifier(caller: pluggy.HookCaller) -> Notifier:
    def tell(report: Report, notices: Sequence[Notice], config: Config, delivery: str) -> None:
        caller(report=report, notices=notices, config=config, delivery=delivery)

    return tell
