"""Versions of tenants as they were read and compiled in this process: those asked for last, a bounded number."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from pbx_connector.tenants.confinement import Confinement
from pbx_connector.tenants.loading import Contents

MOST = 100

Key = tuple[str, float, int]


@dataclass(frozen=True, slots=True)
class ReadVersion:
    contents: Contents
    confinement: Confinement

    def still_holds(self) -> bool:
        """Whether it would be found right again, as far as that depends on what is outside of it: where links lead."""
        if self.contents.wrong:
            return False
        named = (self.contents.config, *(profile.settings for profile in self.contents.profiles.values()))
        return not any(True for each in named for _ in self.confinement.findings(each, None, ""))


class ReadVersions:
    """For several threads at once."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._read: OrderedDict[Key, ReadVersion] = OrderedDict()

    def get(self, key: Key) -> ReadVersion | None:
        with self._lock:
            if key in self._read:
                self._read.move_to_end(key)
            return self._read.get(key)

    def put(self, key: Key, read: ReadVersion) -> None:
        with self._lock:
            self._read[key] = read
            self._read.move_to_end(key)
            while len(self._read) > self._most:
                self._read.popitem(last=False)
