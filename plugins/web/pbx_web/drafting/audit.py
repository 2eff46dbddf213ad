"""What was done to profiles, for the audit."""

from __future__ import annotations

from collections.abc import Mapping

from pbx_connector.api import application
from pbx_web.asking import Ask


def note(ask: Ask, action: str, profile: str, detail: Mapping[str, str] | None = None) -> None:
    """`action` is the text of an `AuditAction`; neither a secret nor anything of a contact stands in `detail`."""
    ask.note(application.audit.AuditAction(action), profile, detail=detail)
