"""The devices that may ask the directory, as every store keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sighting:
    """A device asked something."""

    device: str
    time: datetime
    address: str
    agent: str = ""
    """What it calls itself; anybody can call himself that."""


@dataclass(frozen=True, slots=True)
class Device:
    """A telephone, or a phone system, that may ask the directory."""

    id: str
    """Also its user name."""
    name: str
    """For people."""
    account: str | None
    """Whose private entries it sees beside the company's; None: company entries alone."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What the plugin that serves it needs to know: how it shows and dials numbers."""
    verifiers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What a secret that it shows is compared with, by method; the secret itself is kept nowhere."""
    made: datetime | None = None
    """None until it is stored."""
    seen: Sighting | None = None

    @property
    def owners(self) -> tuple[str | None, ...]:
        """Whose entries it sees; None is the company."""
        return (None,) if self.account is None else (None, self.account)


class Devices(Protocol):
    """By id."""

    def devices(self) -> list[Device]: ...
    def device(self, device: str) -> Device | None: ...
    def put_device(self, device: Device) -> None:
        """Add it, or change all that is said of it but when it was made and seen."""
        ...

    def remove_device(self, device: str) -> bool:
        """False if there is none of that id."""
        ...

    def note_seen(self, sightings: Sequence[Sighting]) -> None:
        """Those of devices that are gone are dropped."""
        ...
