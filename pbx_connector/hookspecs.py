"""The hooks of pbx-connector. They return values; the caller registers them."""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from pbx_connector.source import SourceType

PROJECT = "pbx_connector"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def pbx_sources() -> Sequence[SourceType]:
    """Return the kinds of source that this plugin supplies."""
    raise NotImplementedError
