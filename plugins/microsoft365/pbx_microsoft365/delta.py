"""Only what changed: Graph's delta of one folder, for ids alone; what is new or changed is read again in full.

A first read of a folder spends one request on the link that later changes are asked by, which is enough for a small
folder; the run after that lists a larger folder once more and goes through all its ids, in one go, as a link from the
middle of a round does not live long. A checkpoint is a string of ours around the link, which is never newer than the
rows that were listed with it, and the old link stays valid until the new one is stored.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from pbx_connector.api import EndlessList
from pbx_microsoft365.error_mapping import Meaning, meaning
from pbx_microsoft365.rows import key_of
from pbx_microsoft365.wire.answers import GraphError, Json, NotGraph
from pbx_microsoft365.wire.client import GraphClient
from pbx_microsoft365.wire.targets import path

MOST = 2000
"""With more changes than this, listing the folder takes fewer requests than reading them one by one."""
FIRST_PAGES = 1
"""What a first read spends on the link."""
_OPTIONS: Mapping[str, str] = {"$select": "id,lastModifiedDateTime"}
_PREFER = ("odata.maxpagesize=200",)
"""Graph gives no more of contacts at a time."""
_NOT_OFFERED = (400, 405, 501)
_DAY = 24 * 3600.0


@dataclass(slots=True)
class Changed:
    """What happened to a folder since a link; of each contact only what came last."""

    link: str = ""
    """To what changes from now on; empty: there is none yet."""
    present: dict[str, None] = field(default_factory=dict)
    """Keys of contacts that are new or changed."""
    removed: dict[str, None] = field(default_factory=dict)
    too_many: bool = False

    def note(self, item: Json) -> None:
        if self.too_many:
            return
        key = key_of(item)
        gone = "@removed" in item
        (self.present if gone else self.removed).pop(key, None)
        (self.removed if gone else self.present)[key] = None
        if len(self.present) + len(self.removed) > MOST:
            self.too_many = True
            self.present, self.removed = {}, {}


def begin(client: GraphClient, mailbox: str, folder: str, pages: float = math.inf) -> Changed | None:
    """A link to what changes from now on, if so many pages lead to one; None if this folder does not tell changes."""
    target = path("users", mailbox, "contactFolders", folder, "contacts", "delta")
    try:
        return _walk(client, mailbox, target, _OPTIONS, pages)
    except (NotGraph, EndlessList):
        return None
    except GraphError as error:
        if error.status in _NOT_OFFERED or meaning(error) is Meaning.STATE_EXPIRED:
            return None
        raise


def changes_since(client: GraphClient, mailbox: str, link: str) -> Changed | None:
    """What changed since; None if the link leads nowhere any more, or to no end."""
    try:
        changed = _walk(client, mailbox, link, {}, math.inf)
    except EndlessList:
        return None
    except GraphError as error:
        # A link that the server cannot read any more is as dead as one that it forgot.
        if error.status == 400 or meaning(error) is Meaning.STATE_EXPIRED:
            return None
        raise
    return changed if changed.link else None


def _walk(client: GraphClient, mailbox: str, target: str, options: Mapping[str, str], pages: float) -> Changed:
    changed = Changed()
    for number, page in enumerate(client.pages(target, options, mailbox=mailbox, prefer=_PREFER), 1):
        for item in page.items:
            changed.note(item)
        changed.link = page.delta_link
        if number >= pages:
            break
    return changed


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The link of a folder, and what it holds for. Differs in anything: it counts for nothing."""

    folder: str
    mark: str
    """What else the rows depend on."""
    link: str
    """Empty: the folder was listed, and the next list goes for a link."""
    listed: float
    """When the folder was last listed in full, in seconds since 1970."""

    def write(self) -> str:
        return json.dumps([self.folder, self.mark, self.link, self.listed])

    def is_due(self, days: float, now: float) -> bool:
        """Whether it is time to list the folder in full again, which proves the changes since then right."""
        return not 0 <= now - self.listed < days * _DAY


def read_checkpoint(text: str | None, folder: str, mark: str) -> Checkpoint | None:
    """None if it is none of ours, or not of this folder."""
    try:
        owner, known, link, listed = json.loads(text or "")
        found = Checkpoint(str(owner), str(known), str(link), float(listed))
    except (ValueError, TypeError):
        return None
    return found if (found.folder, found.mark) == (folder, mark) else None
