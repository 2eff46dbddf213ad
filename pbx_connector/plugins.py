"""Finds the installed plugins and asks what they supply; a broken plugin is named and takes nobody else down.

`Plugins` is constructed by whoever needs it (the command line, a test), never a module global.
"""

from __future__ import annotations

import difflib
import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from typing import TypeVar, cast

import pluggy
from pbx_rules import BUILTIN, Function, Registry

from pbx_connector import hookspecs
from pbx_connector.config import Config
from pbx_connector.errors import PluginError
from pbx_connector.model import Report
from pbx_connector.notice import Notice
from pbx_connector.source import SourceType, Template

Answer = TypeVar("Answer")

GROUP = "pbx_connector"
"""The entry point group that plugins register in."""


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
        for entry_point in sorted(found, key=lambda entry: entry.name):
            self._load(entry_point)
        self.sources: dict[str, SourceType] = dict(self._collect_sources())
        self.added_functions: dict[str, str] = {}
        """The functions that plugins add to the language, each with what tells it from an earlier one of that name."""
        self.functions: Registry = self._collect_functions()

    @property
    def broken(self) -> tuple[BrokenPlugin, ...]:
        return tuple(self._broken)

    @property
    def templates(self) -> dict[str, tuple[SourceType, Template]]:
        """Starting profiles by name, with the source that each is for."""
        return {template.name: (source, template) for source in self.sources.values() for template in source.templates}

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

    def suggestion(self, name: str) -> str:
        """What to try instead of a source name that does not exist."""
        failed = [plugin for plugin in self._broken if plugin.name == name]
        if failed:
            return f"the plugin of that name is broken: {failed[0].reason}"
        close = difflib.get_close_matches(name, self.sources, n=1)
        if close:
            return f"did you mean {close[0]}?"
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
        owners: dict[str, str] = {}
        for plugin, sources in self._ask(self._manager.hook.pbx_sources, SourceType):
            for source in sources:
                if source.name in owners:
                    reason = f"its source {source.name!r} exists already, from plugin {owners[source.name]!r}"
                    self._broken.append(BrokenPlugin(plugin, reason))
                    continue
                owners[source.name] = plugin
                yield source.name, source

    def _collect_functions(self) -> Registry:
        """The functions of the language and those that plugins add; a plugin adds all of its functions or none."""
        functions = BUILTIN
        for plugin, added in self._ask(self._manager.hook.pbx_functions, Function):
            with self._guarded(plugin):
                functions = functions.extended(added)
                self.added_functions |= {one.name: f"{self._versions[plugin]} {_code(one)}" for one in added}
        return functions

    def _ask(self, hook: pluggy.HookCaller, kind: type[Answer]) -> Iterator[tuple[str, list[Answer]]]:
        """Each plugin's own answer, so that one that raises or answers nonsense costs only itself."""
        for implementation in hook.get_hookimpls():
            answers: list[Answer] = []
            with self._guarded(implementation.plugin_name):
                answers = list(cast(Iterable[Answer], implementation.function()))
                wrong = [answer for answer in answers if not isinstance(answer, kind)]
                if wrong:
                    answers = []
                    raise PluginError(f"{hook.name} returned {type(wrong[0]).__name__}, not {kind.__name__}")
            yield implementation.plugin_name, answers

    @contextmanager
    def _guarded(self, name: str) -> Iterator[None]:
        try:
            yield
        except PluginError as error:
            self._broken.append(BrokenPlugin(name, error.message))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may raise anything, sys.exit included
            self._broken.append(BrokenPlugin(name, f"{type(error).__name__}: {error}"))


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
