"""The Microsoft 365 source keeps what every source promises, over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from pbx_microsoft365.fields import FIELDS
from pbx_microsoft365.plugin import pbx_sources
from pbx_microsoft365.sandbox.faults import Fault
from pbx_microsoft365.source import Microsoft365Source

from pbx_connector.api import Book, Source, SourceType
from pbx_connector.testing import MovingSourceContract, SourceContract, SourceStage
from pbx_connector.testing.office.entities import Folder, Item

from .conftest import Office


class TestMicrosoft365Source(SourceContract):
    @pytest.fixture
    def source(self, office: Office) -> Iterator[Microsoft365Source]:
        office.fields = frozenset(FIELDS.names())
        shared = {"owners": ["sales@example.com"]}
        with office.open(shared=shared, directory=True, org_contacts=True) as source:
            yield source

    @pytest.fixture
    def source_type(self) -> SourceType:
        return pbx_sources()[0]


class FolderStage(SourceStage):
    """One folder of a sandbox."""

    def __init__(self, office: Office, folder: Folder, title: str, **settings: object) -> None:
        self._office = office
        self._state = office.sandbox.state
        self._folder = folder
        self._title = title
        self._settings = settings

    def open(self) -> AbstractContextManager[Source]:
        return self._office.open(**self._settings)

    def is_staged(self, book: Book) -> bool:
        return book.title == self._title

    def count(self) -> int:
        return len(self._contacts)

    def add(self) -> None:
        self._state.add(self._folder, DisplayName="Somebody new")

    def change(self) -> None:
        self._state.update(self._contacts[0], Department="Changed")

    def remove(self) -> None:
        self._state.remove(self._contacts[1])

    def remove_book(self) -> None:
        self._state.delete_folder(self._folder)

    def cut_short(self) -> None:
        self._office.sandbox.faults.add(Fault(name="false-end", operation="contacts", times=None))

    def break_down(self) -> None:
        self._office.sandbox.faults.add(Fault(name="error", times=None))

    @property
    def _contacts(self) -> list[Item]:
        return [item for item in self._folder.items.values() if item.kind == "Contact"]


class TestPersonalContacts(MovingSourceContract):
    @pytest.fixture
    def stage(self, office: Office) -> SourceStage:
        state = office.sandbox.state
        folder = state.folder("Contacts/Friends", "anna.berg@example.com")
        state.add(folder, DisplayName="Third friend")
        return FolderStage(office, folder, "anna: /Contacts/Friends")


class TestSharedContacts(MovingSourceContract):
    @pytest.fixture
    def stage(self, office: Office) -> SourceStage:
        state = office.sandbox.state
        folder = state.folder("Contacts/Trade Fair", "sales@example.com")
        for number in range(3):
            state.add(folder, DisplayName=f"Visitor {number}")
        only_shared = {"personal": False, "shared": {"owners": ["sales@example.com"]}}
        return FolderStage(office, folder, "sales@example.com: /Contacts/Trade Fair", **only_shared)
