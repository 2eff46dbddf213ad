"""What the plugin adds to the core; found through the entry point group `pbx_connector`."""

from __future__ import annotations

from collections.abc import Sequence

from pbx_connector.api import Exporter, PluginConfig, hookimpl


@hookimpl
def pbx_config() -> PluginConfig:
    from pbx_directory.settings import DirectorySettings

    return PluginConfig(DirectorySettings)


@hookimpl
def pbx_exporters() -> Sequence[Exporter]:
    from pbx_directory.exporters import exporters

    return exporters()
