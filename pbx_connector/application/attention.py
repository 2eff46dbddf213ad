"""What waits for a person, of all that is known at the moment: the most urgent first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pbx_connector.application.status import ProfileStatus, ServiceStatus
from pbx_connector.application.survey import Remedy, remedy
from pbx_connector.stores import KeptPlan

LATE = timedelta(minutes=15)
"""A run that is due begins within moments; one that has not by then waits for a service."""


class ConcernKind(StrEnum):
    """In the order in which they are shown."""

    STORE_UNREACHABLE = "store_unreachable"
    STORE_DAMAGED = "store_damaged"
    FOLDER = "folder"
    """The profiles folder cannot be read."""
    SERVER = "server"
    """Something that a plugin serves is not served."""
    BROKEN = "broken"
    """A profile's file cannot be used."""
    REFUSED = "refused"
    """A plan waits for release."""
    HELD = "held"
    HUNG = "hung"
    FAILING = "failing"
    OVERDUE = "overdue"
    UNDELIVERED = "undelivered"
    ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class Concern:
    kind: ConcernKind
    subject: str
    """The title of a profile, or the name of what it is about. Carries no contact data."""
    detail: str = ""
    """What is known of it, in words of the core."""
    profile: str = ""
    """The profile's id; empty if it is about none."""
    command: str = ""
    """What can be typed to settle it; empty if there is none."""
    remedy: Remedy | None = None
    """The same for a button."""
    plan: str = ""
    """The id of a plan that waits."""
    number: int = 0
    """Of entries, or of messages."""


def concerns(status: ServiceStatus, plans: Iterable[KeptPlan], now: datetime) -> list[Concern]:
    found = [*_of_installation(status), *_refused(status, plans)]
    found += [concern for profile in status.profiles for concern in _of_profile(profile, now)]
    order = list(ConcernKind)
    return sorted(found, key=lambda concern: order.index(concern.kind))


def _of_installation(status: ServiceStatus) -> Iterator[Concern]:
    if not status.reachable:
        yield Concern(ConcernKind.STORE_UNREACHABLE, status.store, status.reason)
    for fault in status.faults or ():
        yield Concern(ConcernKind.STORE_DAMAGED, status.store, fault, command="pbx-connector store check")
    if status.folder_missing:
        yield Concern(ConcernKind.FOLDER, str(status.folder), status.folder_missing)
    for server in status.servers:
        if server.reason:
            yield Concern(ConcernKind.SERVER, server.name, server.reason)
    for orphan in status.orphans:
        yield Concern(
            ConcernKind.ORPHAN,
            orphan.title,
            profile=orphan.id,
            command=f"pbx-connector profiles remove {orphan.id}",
            number=orphan.entries,
        )


def _refused(status: ServiceStatus, plans: Iterable[KeptPlan]) -> Iterator[Concern]:
    titles = {profile.id: profile.title for profile in status.profiles}
    for plan in plans:
        title = titles.get(plan.profile, plan.profile)
        yield Concern(ConcernKind.REFUSED, title, "; ".join(plan.reasons), profile=plan.profile, plan=plan.id)


def _of_profile(profile: ProfileStatus, now: datetime) -> Iterator[Concern]:
    def concern(kind: ConcernKind, detail: str = "", command: str = "", number: int = 0) -> Concern:
        word = remedy(command) if command else None
        return Concern(kind, profile.title, detail, profile.id, command, word, number=number)

    if profile.broken:
        yield concern(ConcernKind.BROKEN, profile.broken)
    if profile.held:
        yield concern(ConcernKind.HELD, profile.why_held, profile.held)
    if profile.hung:
        yield concern(ConcernKind.HUNG)
    if is_overdue(profile, now):
        yield concern(ConcernKind.OVERDUE)
    elif profile.trouble and not (profile.held or profile.broken or profile.trouble == "refused"):
        yield concern(ConcernKind.FAILING, profile.reason or profile.trouble)
    if missed := profile.undelivered:
        detail = f"{missed.notifier}: {missed.reason}"
        yield concern(ConcernKind.UNDELIVERED, detail, "pbx-connector notify test", missed.messages)


def is_overdue(profile: ProfileStatus, now: datetime) -> bool:
    """Whether its runs do not come, as far as nobody holds them."""
    if profile.held or profile.broken or profile.running:
        return False
    return profile.trouble == "overdue" or (profile.next is not None and profile.next < now - LATE)
