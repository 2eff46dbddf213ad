"""What was done to profiles, for the audit."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from pbx_web.asking import Ask

LOG = structlog.stdlib.get_logger(__name__)


def note(ask: Ask, action: str, profile: str, detail: Mapping[str, str] | None = None) -> None:
    """Neither a secret nor anything of a contact stands in `detail`."""
    LOG.info(action, profile=profile, user=ask.user.name if ask.user else "", **(detail or {}))
