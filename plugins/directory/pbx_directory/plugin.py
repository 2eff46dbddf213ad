"""What the plugin adds to the core; found through the entry point group `pbx_connector`."""

from __future__ import annotations
