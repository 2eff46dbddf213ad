"""The folder's thread: what the profiles folder holds now, kept up as files come, change and go."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from watchfiles import watch as watch_files

from pbx_connector.application.profile_folder import Folder, ProfileFile

LOG = structlog.stdlib.get_logger(__name__)

RESCAN_MS = 30_000
"""A folder is read anew this often even if the file system reports nothing: network drives do not."""
TAKE_OVER = 1.0
"""So many seconds go by while a large folder is read before what has been read so far is in effect."""


class FolderWatch:
    """`came` is called with each profile that is new or has changed, `went` with each that is gone."""

    def __init__(self, folder: Folder, came: Callable[[str, ProfileFile], None], went: Callable[[str], None]) -> None:
        self.folder = folder
        self.loaded: dict[str, ProfileFile] = {}
        self.scanned = threading.Event()
        """Set once the folder has been read as a whole."""
        self._came, self._went = came, went
        self._stop = threading.Event()

    def start(self, stop: threading.Event) -> None:
        self._stop = stop
        threading.Thread(target=self._mind, name="folder", daemon=True).start()

    def _mind(self) -> None:
        while not self._stop.is_set():
            try:
                self._scan()
                self.scanned.set()
                self._await_change()
            except Exception:
                LOG.exception("the profiles folder could not be read")
                self._stop.wait(5)

    def _await_change(self) -> None:
        if self.folder.missing:
            self._stop.wait(5)
            return
        changes = watch_files(
            self.folder.path,
            watch_filter=None,
            debounce=400,
            step=100,
            stop_event=self._stop,
            rust_timeout=RESCAN_MS,
            yield_on_timeout=True,
            recursive=False,
        )
        for _ in changes:
            self._scan()
            if self.folder.missing:
                return

    def _scan(self) -> None:
        missing, taken_over = self.folder.missing, time.monotonic()
        for path in self.folder.scan(self._stop.is_set):
            LOG.info("profile file", file=path.name)
            if time.monotonic() - taken_over > TAKE_OVER:  # of thousands, the first ones need not wait for the last
                self._take_over()
                taken_over = time.monotonic()
        self._take_over()
        if self.folder.missing and not missing:
            LOG.error("the profiles folder is missing; what was read goes on", reason=self.folder.missing)

    def _take_over(self) -> None:
        before, self.loaded = self.loaded, self.folder.profiles
        for gone in before.keys() - self.loaded.keys():
            LOG.info("profile removed; its entries stay", profile=gone)
            self._went(gone)
        for profile, loaded in self.loaded.items():
            if before.get(profile) is not loaded:
                _log(profile, loaded)
                self._came(profile, loaded)


def _log(profile: str, loaded: ProfileFile) -> None:
    if loaded.broken:
        LOG.error("the profile's file cannot be used", profile=profile, file=loaded.path.name, reason=loaded.broken)
    else:
        LOG.info("profile loaded", profile=profile, file=loaded.path.name)
