"""What the plugin adds to the core; found through the entry point group `pbx_connector`."""

from __future__ import annotations

from collections.abc import Sequence

from pbx_connector.api import Exporter, hookimpl


@hookimpl
def pbx_exporters() -> Sequence[Exporter]:
    from .exporters import exporters  # most commands export nothing

    return exporters()
