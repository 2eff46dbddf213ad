"""The bytes of a list, as they were when it was obtained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from pbx_csv.error_catalog import UNREADABLE
from pbx_csv.packing import Readable, unpacked


@dataclass(frozen=True, slots=True)
class Copy:
    """The bytes of a list, which can be read several times."""

    title: str
    mark: str
    """Equal for equal bytes at the same place; empty where nothing tells."""
    raw: Callable[[], BinaryIO]
    """Opens it at its beginning; closing is the caller's."""
    member: str | None = None
    release: Callable[[], None] = lambda: None

    @contextmanager
    def lasting(self) -> Iterator[None]:
        """As long as it is needed; what it takes on the disk goes then."""
        try:
            yield
        finally:
            self.release()

    @contextmanager
    def open(self) -> Iterator[Readable]:
        try:
            with self.raw() as file, unpacked(file, self.title, self.member) as stream:
                yield stream
        except OSError as error:
            raise UNREADABLE.of(error.strerror or type(error).__name__).error(self.title) from error
