"""What tells two profiles apart: the source that they read, as far as their settings say, and no secret."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel

from pbx_connector.profile.model import Profile
from pbx_connector.secret import Secret


def source_digest(profile: Profile) -> str:
    """The same for all profiles that read the same source with the same settings."""
    content = [profile.source.name, without_secrets(profile.settings)]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def without_secrets(value: Any) -> Any:
    """Settings as JSON knows them; a new password does not make the rows different ones."""
    if isinstance(value, Secret):
        return None
    if isinstance(value, BaseModel):
        return {name: without_secrets(part) for name, part in value}
    return [without_secrets(part) for part in value] if isinstance(value, (list, tuple)) else value
