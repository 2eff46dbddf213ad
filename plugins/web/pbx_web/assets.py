"""The addresses of the scripts that `make scripts` builds. Their names carry a hash: a browser may keep them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import structlog

BUILT = Path(__file__).parent / "static/built"
ADDRESS = "/static/built/"
"""Where the pages serve that folder."""

_log = structlog.stdlib.get_logger(__name__)


def scripts(folder: Path = BUILT) -> Mapping[str, str]:
    """The address of each script by its name, `editor.js` or `live.js`; none where they were not built.

    Every page works without them, except for the editor's help and live parts.
    """
    try:
        names = json.loads((folder / "manifest.json").read_text("utf-8"))
    except FileNotFoundError:
        _log.warning("web.scripts_absent", folder=str(folder), hint="run `make scripts`, or install the released wheel")
        return {}
    return {name: ADDRESS + file for name, file in names.items()}
