"""The profile as the run pipeline sees it: references resolved, settings validated, rules compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from pbx_connector.config import NotifyConfig
from pbx_connector.model import Book, Mapped, Merge, Mode, Row
from pbx_connector.schedule import Schedule
from pbx_connector.source import SourceType


@dataclass(frozen=True, slots=True)
class RemovalLimit:
    """A plan that removes more than both of these is refused."""

    share: float = 0.2
    """Of the profile's present entries, 0 to 1."""
    entries: int = 10


@dataclass(frozen=True, slots=True)
class ChangeLimit:
    """A plan that changes names or numbers of more entries than both of these is refused."""

    share: float = 0.5
    """Of the profile's present entries, 0 to 1; 1 switches the limit off."""
    entries: int = 25


@dataclass(frozen=True, slots=True)
class Limits:
    remove_at_most: RemovalLimit = field(default_factory=RemovalLimit)
    change_at_most: ChangeLimit = field(default_factory=ChangeLimit)


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile that was checked and compiled."""

    id: str
    """Who owns the entries that its runs make."""
    title: str
    source: SourceType
    settings: BaseModel
    """An instance of `source.settings`."""
    map: Callable[[Row, Book], Mapped]
    """Pure, no I/O, never raises for data."""
    fields: frozenset[str]
    """The source fields that the rules and the structure use."""
    fingerprint: str
    """Digest of what a checkpoint depends on: source settings (no secrets), fields, rules, structure, tables, region,
    mode and plugin version. A checkpoint or a known version of another fingerprint counts for nothing."""
    mode: Mode = "mirror"
    limits: Limits = field(default_factory=Limits)
    labels: Literal["create", "require"] = "create"
    """Whether a run creates labels that are not there, or leaves them out and says so."""
    publish_personal: bool = False
    """True: rows of a personal book may become company entries, because the profile spells it out."""
    schedule: Schedule | None = None
    """None: it runs by hand only."""
    notify: NotifyConfig | None = None
    """None: as the configuration says."""
    region: str | None = None
    """The country of numbers without a code, in two letters; None if the profile names none."""
    merge: Merge | None = None
    """None: its entries stand beside those of other profiles."""
    file: Path | None = None
