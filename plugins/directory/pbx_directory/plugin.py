"""What the plugin adds to the core; found through the entry point group `pbx_connector`."""

from __future__ import annotations

from pbx_connector.api import PluginConfig, hookimpl


@hookimpl
def pbx_config() -> PluginConfig:
    from pbx_directory.settings import DirectorySettings

    return PluginConfig(DirectorySettings)
