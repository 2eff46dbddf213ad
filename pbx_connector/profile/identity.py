"""What tells two profiles apart: the source that they read, as far as their settings say, and no secret."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel

from pbx_connector.profile.model import Profile
from pbx_connector.secret import Secret
from pbx_connector.settings import outside_rows


def source_digest(profile: Profile) -> str:
    """The same for all profiles that read the same source with the same settings."""
    content = [profile.source.name, of_rows(profile.settings)]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def of_rows(value: Any) -> Any:
    """Settings as JSON knows them, as far as rows depend on them; a new password does not make other rows."""
    if isinstance(value, Secret):
        return None
    if isinstance(value, BaseModel):
        outside = outside_rows(type(value))
        return {name: of_rows(part) for name, part in value if name not in outside}
    return [of_rows(part) for part in value] if isinstance(value, (list, tuple)) else value
