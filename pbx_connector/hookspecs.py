"""The hooks of pbx-connector. They return values; the caller registers them."""

from __future__ import annotations

from collections.abc import Sequence

import pluggy
from pbx_rules import Function

from pbx_connector.config import Config, PluginConfig
from pbx_connector.extensions import Command, DeviceAccess, Exporter, PluginContext, Server
from pbx_connector.model import Report
from pbx_connector.notice import Notice
from pbx_connector.source import SourceType

PROJECT = "pbx_connector"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as its answer to the hook of that name."""


@hookspec
def pbx_sources() -> Sequence[SourceType]:
    """Return the kinds of source that this plugin supplies."""
    raise NotImplementedError


@hookspec
def pbx_functions() -> Sequence[Function]:
    """Return functions that this plugin adds to the rule language."""
    raise NotImplementedError


@hookspec
def pbx_config() -> PluginConfig:
    """Return what `plugins:` in config.yaml can say under this plugin's name."""
    raise NotImplementedError


@hookspec
def pbx_exporters() -> Sequence[Exporter]:
    """Return the formats that this plugin adds to `phonebook export`."""
    raise NotImplementedError


@hookspec
def pbx_servers(context: PluginContext) -> Sequence[Server]:
    """Return what `serve` runs beside the schedules, started once the store was looked at."""
    raise NotImplementedError


@hookspec
def pbx_device_access(context: PluginContext) -> Sequence[DeviceAccess]:
    """Return how this plugin serves devices, for the user interfaces in which they are set up."""
    raise NotImplementedError


@hookspec
def pbx_commands() -> Sequence[Command]:
    """Return the commands that this plugin adds to `pbx-connector`."""
    raise NotImplementedError


@hookspec
def pbx_run_finished(report: Report, notices: Sequence[Notice], config: Config, delivery: str) -> None:
    """Act on the end of a run, of which `notices` is what people should hear; most runs have none.

    Raise `ConnectorError` if a notice could not be delivered: the call is then repeated later, for hours if need be,
    with the report's books and problems left out. `delivery` is this message's own id, the same in every attempt, so
    that a receiver can tell that he has it already. It is called for news between runs too (a profile that is overdue,
    a store that cannot be reached), with the last report there is.
    """
    raise NotImplementedError


@hookspec
def pbx_notifies(config: Config) -> bool:
    """Return whether this plugin's `pbx_run_finished` tells anybody of a notice, with this configuration.

    A plugin without this hook always does. While no plugin does, notices are kept back until one is configured.
    """
    raise NotImplementedError
