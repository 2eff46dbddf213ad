"""Secrets that are typed into forms of profiles."""

from __future__ import annotations

from pbx_connector.api import application
from pbx_web.asking import Ask


def keep(ask: Ask, secret: str, name: str) -> application.installation.SecretPlace:
    """In a place of its own, called like `name`. Raises `ConnectorError`."""
    kept = application.secret_files.keep_in(ask.site.installation, secret, name=name, by=ask.known_user.name)
    ask.note(application.audit.AuditAction.VAULT_SET, detail={"name": kept.name})
    return kept
