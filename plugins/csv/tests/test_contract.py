"""The CSV source keeps what every source promises: of a file in a folder, and of one that a web server has."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from pbx_csv.plugin import pbx_sources
from pbx_csv.settings import CsvSettings

from pbx_connector.api import Account, Book, Source, SourceContext, SourceType
from pbx_connector.testing import MovingSourceContract, SourceContract, SourceStage

from .conftest import WebServer

(CSV,) = pbx_sources()
EVERYTHING = SourceContext([Account("7", "ann", "ann@example.com")], frozenset(CSV.fields.names()))


class ListOfContacts:
    """Contacts as a program would export them, one text each time."""

    def __init__(self) -> None:
        self.names = {str(number): f"Contact {number}" for number in range(5)}

    def add(self) -> None:
        number = len(self.names)
        self.names[f"n{number}"] = f"Somebody {number}"

    @property
    def text(self) -> str:
        file = io.StringIO()
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Number", "displayname", "phone"])
        writer.writerows([key, name, f"+49891{at}"] for at, (key, name) in enumerate(self.names.items()))
        return file.getvalue()


class CsvStage(SourceStage):
    def __init__(self) -> None:
        self.list = ListOfContacts()
        self.publish(self.list.text)

    def publish(self, text: str) -> None:
        raise NotImplementedError

    def count(self) -> int:
        return len(self.list.names)

    def add(self) -> None:
        self.list.add()
        self.publish(self.list.text)

    def fill(self) -> None:
        while self.count() < 1200:
            self.list.add()
        self.publish(self.list.text)

    def change(self) -> None:
        self.list.names["0"] = "Changed"
        self.publish(self.list.text)

    def remove(self) -> None:
        del self.list.names["1"]
        self.publish(self.list.text)

    def cut_short(self) -> None:
        text = self.list.text
        self.publish(text[: len(text) // 2])


class FolderStage(CsvStage):
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "other.csv").write_text("Number,displayname,phone\r\n1,Other,2\r\n")
        super().__init__()

    def open(self) -> AbstractContextManager[Source]:
        settings = CsvSettings.model_validate({"folder": str(self.folder), "key": "Number", "settle": 0})
        return CSV.open(settings, EVERYTHING)

    def publish(self, text: str) -> None:
        new = self.folder / "new"
        new.write_text(text, encoding="utf-8", newline="")
        os.replace(new, self.folder / "people.csv")

    def is_staged(self, book: Book) -> bool:
        return book.title == "people.csv"

    def remove_book(self) -> None:
        (self.folder / "people.csv").unlink()

    def break_down(self) -> None:
        self.folder.rename(self.folder.with_name("unmounted"))


class WebStage(CsvStage):
    def __init__(self, server: WebServer) -> None:
        self.server = server
        super().__init__()

    def open(self) -> AbstractContextManager[Source]:
        settings = CsvSettings.model_validate({"url": self.server.url, "key": "Number"})
        return CSV.open(settings, EVERYTHING)

    def publish(self, text: str) -> None:
        self.server.content = text.encode()

    def is_staged(self, book: Book) -> bool:
        return True

    def cut_short(self) -> None:
        self.server.cut = True

    def remove_book(self) -> None:
        pytest.skip("an address is never gone: an answer that it is may be a server's mistake")

    def break_down(self) -> None:
        self.server.status = 503


class TestFile(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Iterator[Source]:
        with FolderStage(tmp_path / "lists").open() as source:
            yield source

    @pytest.fixture
    def source_type(self) -> SourceType:
        return CSV


class TestWeb(SourceContract):
    @pytest.fixture
    def source(self, web: WebServer) -> Iterator[Source]:
        with WebStage(web).open() as source:
            yield source

    @pytest.fixture
    def source_type(self) -> SourceType:
        return CSV


class TestMovingFolder(MovingSourceContract):
    @pytest.fixture
    def stage(self, tmp_path: Path) -> SourceStage:
        return FolderStage(tmp_path / "lists")


class TestMovingWeb(MovingSourceContract):
    @pytest.fixture
    def stage(self, web: WebServer) -> SourceStage:
        return WebStage(web)
