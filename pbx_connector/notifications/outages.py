"""One outage is one message: of the profiles that fail at one server for one reason, people hear of the first.

The outage is over, and that is told, when the first of them succeeds again; the others then recover in silence, and one
that goes on failing is news again. What is open is kept in the shared state, for all services; each profile's alert
state says which outage it is part of. Whatever cannot be told from these two is told to people: twice is better than
not at all.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from pbx_connector.notifications.outbox import Outbox
from pbx_connector.profile import Profile
from pbx_connector.secret import Secret

FORGOTTEN_AFTER = timedelta(days=2)
"""An outage that no run has met for so long is over, whatever became of its profiles."""

_WEB_ADDRESS = re.compile(r"https?://(?:[^/@]*@)?([^/?#]+)", re.IGNORECASE)
_MAIL_ADDRESS = re.compile(r"[^\s@]+@([^\s@]+)")


@dataclass(frozen=True, slots=True)
class Outage:
    opening: str
    """Which one it is: the same server may fail for the same reason again."""
    by: str
    """The profile whose message told of it."""
    last: datetime
    """When a run last failed by it."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A profile's part in an outage."""

    outage: str = ""
    """As the alert state keeps it; empty for none."""
    known: bool = False
    """People were told of it by another profile's message."""


_OUTAGE = TypeAdapter(Outage)


def join(outbox: Outbox, profile: Profile, reason: str, before: str, now: datetime) -> Membership:
    """The profile failed; it stays in the outage that it was in `before` until that is over."""
    if not outbox.is_heard:
        return Membership()
    key = _key(before) if is_open(outbox, before) else _key_of(profile, reason)
    while True:
        text = outbox.shared.shared_state(key)
        found = _parsed(text)
        if found and (found.by == profile.id or _named(key, found) == before or _is_known(outbox, key, found, now)):
            outage = replace(found, last=now)
        else:
            outage = Outage(uuid.uuid4().hex, profile.id, now)
        if outbox.shared.compare_and_set(key, text, _OUTAGE.dump_json(outage).decode()):
            return Membership(_named(key, outage), outage.by != profile.id)


def is_open(outbox: Outbox, outage: str) -> bool:
    """`outage` as the alert state keeps it."""
    found = _parsed(outbox.shared.shared_state(_key(outage))) if outage else None
    return found is not None and _named(_key(outage), found) == outage


def is_told_by_another(outbox: Outbox, outage: str, profile: str, now: datetime) -> bool:
    found = _parsed(outbox.shared.shared_state(_key(outage))) if is_open(outbox, outage) else None
    return found is not None and found.by != profile and _is_known(outbox, _key(outage), found, now)


def close(outbox: Outbox, outage: str, profile: str) -> None:
    """People hear from `profile` that it is over, and no more that it began. One that was opened since then stays."""
    text = outbox.shared.shared_state(_key(outage))
    found = _parsed(text)
    if found is None or _named(_key(outage), found) != outage:
        return
    if outbox.shared.compare_and_set(_key(outage), text, "") and found.by != profile:
        outbox.outdate(found.by)


def server_of(settings: BaseModel) -> list[str]:
    """What the settings tell of the server: the hosts of web addresses in them, else the domains of mail addresses."""
    texts = list(_texts(settings))
    hosts = {found[1].lower() for text in texts if (found := _WEB_ADDRESS.match(text))}
    domains = {found[1].lower() for text in texts if (found := _MAIL_ADDRESS.fullmatch(text))}
    return sorted(hosts or domains)


def _texts(value: Any) -> Iterator[str]:
    """No secret's, nor where one lies: two profiles may name one password differently."""
    if isinstance(value, BaseModel) and not isinstance(value, Secret):
        for _, part in value:
            yield from _texts(part)
    elif isinstance(value, (str, int)) or type(value).__module__.startswith("pydantic"):
        yield str(value)


def _key_of(profile: Profile, reason: str) -> str:
    """It holds no text of the reason."""
    parts = json.dumps([profile.source.name, server_of(profile.settings), reason])
    return f"outage {hashlib.sha256(parts.encode()).hexdigest()[:24]}"


def _key(outage: str) -> str:
    return outage.rpartition(" ")[0]


def _named(key: str, outage: Outage) -> str:
    return f"{key} {outage.opening}"


def _is_known(outbox: Outbox, key: str, outage: Outage, now: datetime) -> bool:
    """Its message was written down, and the profile that it was about is still part of it."""
    fresh = abs(now - outage.last) < FORGOTTEN_AFTER
    return fresh and outbox.alert_state(outage.by).outage == _named(key, outage)


def _parsed(text: str) -> Outage | None:
    try:
        return _OUTAGE.validate_json(text) if text else None
    except ValidationError:
        return None
