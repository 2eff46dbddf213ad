"""Each call of a run fails with each thing that a machine may lack: it is said as such, and the phone book stays."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pbx_connector.application import runs
from pbx_connector.application.installation import Installation
from pbx_connector.application.runs import RunOutcome, RunRequest
from pbx_connector.config import Config
from pbx_connector.errors import EXIT_UNREACHABLE, MachineError, SourceUnavailable
from pbx_connector.model import Row
from pbx_connector.plugins import Plugins
from pbx_connector.profile import Profile
from pbx_connector.stores import open_store
from pbx_connector.testing import MemorySource

from .conftest import FREE, fill

LACKS = {
    "memory": MemoryError(),
    "memory of the system": OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
    "files": OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
    "space": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "threads": RuntimeError("can't start new thread"),
    "temporary folder": FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
}
PARTS = {"Source", "Workspace", "PlanTransaction"}


class Counter:
    """Lets one call fail, the `at`-th; counts them all."""

    def __init__(self, at: int, error: Exception) -> None:
        self.calls: list[str] = []
        self._at, self._error = at, error

    def call(self, name: str) -> None:
        self.calls.append(name)
        if len(self.calls) == self._at:
            raise self._error


class Failing:
    """Stands before a source, a workspace or a transaction, and what they hand out."""

    def __init__(self, real: Any, counter: Counter) -> None:
        self._real, self._counter = real, counter

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        if not callable(value) or name == "fail":  # how a run that failed is put down has its own tests
            return value

        def called(*args: Any, **kwargs: Any) -> Any:
            self._counter.call(name)
            return self._around(value(*args, **kwargs))

        return called

    def _around(self, value: Any) -> Any:
        if hasattr(value, "__enter__"):
            return Failing(value, self._counter)
        return self._steps(value) if hasattr(value, "__next__") else value

    def _steps(self, steps: Iterator[Any]) -> Iterator[Any]:
        for step in steps:
            self._counter.call("next")
            yield step

    def __enter__(self) -> Any:
        self._counter.call("enter")
        return Failing(self._real.__enter__(), self._counter)

    def __exit__(self, *error: Any) -> Any:
        return self._real.__exit__(*error)


class FailingStore:
    def __init__(self, real: Any, counter: Counter) -> None:
        self._real, self._counter = real, counter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def open_workspace(self, *args: Any, **kwargs: Any) -> Any:
        self._counter.call("open_workspace")
        return Failing(self._real.open_workspace(*args, **kwargs), self._counter)


class Told:
    """Installation and store of one try."""

    def __init__(self, profile: Profile, source: MemorySource, path: Path) -> None:
        self.store = open_store(f"sqlite:///{path}")
        self.installation = Installation(Config(), Plugins([]))
        self._profile, self._type = profile, source.type()
        self.told: list[str] = []

    def run(self, counter: Counter) -> RunOutcome:
        def map_row(row: Row, book: Any) -> Any:
            counter.call("map")
            return self._profile.map(row, book)

        def opened(settings: Any, context: Any) -> Any:
            counter.call("source")
            return Failing(self._type.open(settings, context), counter)

        def warnings(settings: Any) -> Iterator[Any]:
            counter.call("warnings")
            yield from ()

        source = replace(self._type, open=opened, warnings=warnings)
        profile = replace(self._profile, source=source, map=map_row, limits=FREE)
        store: Any = FailingStore(self.store, counter)
        return runs.run(self.installation, profile, store, RunRequest(), lambda *told: self.told.append(told[2]))


@pytest.fixture
def prepared(profile: Profile, source: MemorySource, tmp_path: Path) -> Iterator[Callable[[], Told]]:
    """A phone book with entries to change, to remove and to move, each time anew."""
    made: list[Told] = []

    def prepare() -> Told:
        source.address_books.clear()
        book, other = fill(source.add("public"), "Ann", "Bob", "Cid"), fill(source.add("other"), "Dee")
        told = Told(profile, source, tmp_path / f"{len(made)}.sqlite")
        made.append(told)
        told.run(Counter(0, LACKS["memory"]))
        book.drop("bob")
        book.put("ann", display_name="Anne")
        other.put("eve", display_name="Eve")
        del source.address_books["other"]
        source.add("new")
        return told

    yield prepare
    for told in made:
        told.store.close()


@pytest.mark.parametrize("lack", LACKS)
def test_each_call_of_a_run_fails_with_what_the_machine_lacks(prepared: Callable[[], Told], lack: str) -> None:
    whole = Counter(0, LACKS[lack])
    assert prepared().run(whole).error is None
    assert {"source", "books", "changes", "map", "look", "confirm_gone", "stage", "settle", "apply"} <= {*whole.calls}
    told = prepared()
    before = list(told.store.entries())
    for number, name in enumerate(whole.calls, 1):
        outcome = told.run(Counter(number, LACKS[lack]))
        assert isinstance(outcome.error, MachineError), name
        assert outcome.error.exit_code == EXIT_UNREACHABLE
        assert outcome.error.message.split()[-1] in outcome.reason
        assert "plugin" not in outcome.reason
        assert list(told.store.entries()) == before, name
    assert told.run(Counter(0, LACKS[lack])).error is None
    assert list(told.store.entries()) != before


def test_a_source_that_blames_its_server_for_what_the_machine_lacks_is_not_believed(
    profile: Profile, source: MemorySource, tmp_path: Path
) -> None:
    fill(source.add("public"), "Ann")

    def opened(settings: Any, context: Any) -> Any:
        try:
            raise LACKS["files"]
        except OSError:
            raise SourceUnavailable("the server does not answer") from None

    with open_store(f"sqlite:///{tmp_path / 'book.sqlite'}") as store:
        blaming = replace(profile, source=replace(source.type(), open=opened))
        outcome = runs.run(Installation(Config(), Plugins([])), blaming, store, RunRequest(), lambda *_: None)
    assert isinstance(outcome.error, MachineError)
    assert "this machine opens no more files" in outcome.reason
