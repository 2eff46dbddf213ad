"""Which lists the settings name: one file, one address, or each file of a folder that matches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from pbx_connector.api import Book, BookGone, BookUnknown
from pbx_csv.download import Download
from pbx_csv.error_catalog import NO_FILES, UNREADABLE
from pbx_csv.origins import FileOrigin, Origin, UrlOrigin
from pbx_csv.settings import CsvSettings

KIND = "list"
ONLY = "list"
"""The book of a file or an address, wherever it lies: a list that moves stays the same list."""
_IN_FOLDER = "list:"


class Lists:
    def __init__(self, settings: CsvSettings) -> None:
        self._settings = settings
        self._download = Download(settings, _title(settings.url)) if settings.url else None

    def __enter__(self) -> Lists:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._download is not None:
            self._download.close()

    def find(self) -> Mapping[str, Origin]:
        """By the ids of their books. Raises `SourceError` for a folder without any: a disk that is not mounted looks
        like that."""
        if self._settings.folder is None:
            return {ONLY: self._only()}
        return {_IN_FOLDER + _shown(name): self._file(path, name) for name, path in self._files().items()}

    def origin(self, book: str) -> Origin | None:
        """Raises `SourceError` where nobody can tell."""
        return self.find().get(book)

    def absence(self, book: Book) -> BookGone | BookUnknown:
        """Of a book that `origin` does not have: in a folder with other lists a file that is not there is gone."""
        in_folder = book.id.startswith(_IN_FOLDER)
        if in_folder and self._settings.folder is not None:
            still = self._settings.folder / book.id.removeprefix(_IN_FOLDER)
            return BookGone(book.id, "the file is not there", unwanted=still.exists())
        return BookGone(book.id, "the settings name other lists", unwanted=True)

    def _only(self) -> Origin:
        if self._settings.file is not None:
            return self._file(self._settings.file, self._settings.file.name)
        assert self._download is not None  # noqa: S101 - settings have one of three
        return UrlOrigin(_title(self._settings.url), self._settings, self._download)

    def _file(self, path: Path, name: str) -> FileOrigin:
        return FileOrigin(path, _shown(name), self._settings)

    def _files(self) -> dict[str, Path]:
        folder, pattern = self._settings.folder or Path(), self._settings.pattern
        try:
            found = {str(path.relative_to(folder)): path for path in folder.glob(pattern) if not path.is_dir()}
        except (OSError, ValueError, NotImplementedError) as error:
            raise UNREADABLE.of(type(error).__name__).error(_shown(folder.name)) from None
        if not found:
            raise NO_FILES.of(pattern).error(_shown(folder.name))
        return dict(sorted(found.items()))


def _shown(name: str) -> str:
    """A name as text: one that is none has its bytes escaped."""
    return name.encode("utf-8", "backslashreplace").decode()


def _title(url: str | None) -> str:
    """Without what stands behind a question mark, which may be a secret."""
    parts = urlsplit(url or "")
    return f"{parts.hostname}{parts.path}"
