"""Versions that are laid out on a worker: they go when nobody uses them any more, and not a moment before."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pbx_connector.application import publishing, tenants
from pbx_connector.application.fleet import Fleet
from pbx_connector.tenants.layouts import PRUNE_EVERY, UNUSED, Layouts
from pbx_connector.tenants.published import FileSet


@pytest.fixture
def layouts(tmp_path: Path) -> Layouts:
    return Layouts(tmp_path / "cache")


def files(text: str) -> FileSet:
    return FileSet({"profiles/staff.yaml": text.encode(), "staff.csv": b"Id"})


def age(path: Path, days: float = UNUSED.days + 1) -> None:
    then = time.time() - days * 86_400
    os.utime(path, (then, then))


def test_what_nobody_used_for_days_goes_unless_it_counts(layouts: Layouts) -> None:
    old, used, counts, gone = (layouts.lay_out(id, files(text)) for id, text in zip("aaab", "1231", strict=True))
    for path in (old, used, counts, gone):
        age(path)
    assert layouts.use(used)
    assert layouts.prune({("a", counts.name)}) == 2
    assert [path.exists() for path in (old, used, counts, gone)] == [False, True, True, False]
    assert layouts.prune({("a", counts.name)}) == 0


def test_what_was_laid_out_or_used_lately_stays(layouts: Layouts) -> None:
    folder = layouts.lay_out("acme", files("1"))
    age(folder, UNUSED.days - 1)
    assert layouts.prune(()) == 0
    age(folder)
    assert layouts.lay_out("acme", files("1")) == folder
    assert layouts.prune(()) == 0


def test_what_a_killed_process_left_behind_goes(layouts: Layouts) -> None:
    tenant = layouts.lay_out("acme", files("1")).parent
    for name in (".new-1", ".new-2", ".old-1"):
        (tenant / name / "whole").mkdir(parents=True)
    age(tenant / ".new-1")
    layouts.prune(())
    assert sorted(path.name for path in tenant.iterdir() if path.is_dir() and path.name.startswith(".")) == [".new-2"]


def test_one_that_somebody_begins_to_use_is_not_taken_away(layouts: Layouts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at its age and the lock."""
    folder = layouts.lay_out("acme", files("1"))
    age(folder)
    locked: list[Path] = []
    from pbx_connector.tenants import layouts as module

    lock = module._lock

    def used_just_before(tenant: Path, how: int) -> object:
        if not locked:
            locked.append(tenant)
            assert layouts.use(folder)
        return lock(tenant, how)

    monkeypatch.setattr(module, "_lock", used_just_before)
    assert layouts.prune(()) == 0
    assert locked
    assert layouts.use(folder)


def test_while_somebody_looks_at_one_nothing_is_taken_away(layouts: Layouts) -> None:
    from pbx_connector.tenants.layouts import _lock

    folder = layouts.lay_out("acme", files("1"))
    age(folder)
    with _lock(folder.parent, fcntl.LOCK_SH):
        assert layouts.prune(()) == 0
    assert layouts.prune(()) == 1


def test_whoever_asked_for_one_that_was_about_to_go_has_it(layouts: Layouts) -> None:
    tree, other = files("1"), Layouts(layouts._folder)
    together = threading.Barrier(2)

    def prune() -> None:
        together.wait()
        other.prune(())

    def ask() -> Path:
        together.wait()
        return layouts.lay_out("acme", tree)

    with ThreadPoolExecutor(2) as threads:
        for _ in range(100):
            age(layouts.lay_out("acme", tree))
            pruned, asked = threads.submit(prune), threads.submit(ask)
            pruned.result()
            assert layouts.use(asked.result())


def test_a_day_lies_between_two_times_for_all_processes(layouts: Layouts) -> None:
    layouts.lay_out("acme", files("1"))
    other = Layouts(layouts._folder)
    assert [layouts.is_prune_due(), layouts.is_prune_due(), other.is_prune_due()] == [True, False, False]
    age(layouts._folder / ".pruned", PRUNE_EVERY.days + 1)
    assert [other.is_prune_due(), layouts.is_prune_due()] == [True, False]


def test_a_worker_keeps_what_counts(fleet: Fleet, tree: Callable[..., Path]) -> None:
    tenants.add(fleet, "acme")
    folders = []
    for names in (("Ann",), ("Ann", "Bob"), ("Cat",)):
        folder = tree("acme", *names)
        for publication in publishing.publications(fleet, folder, who="ann"):
            publishing.publish(fleet, publication)
        folders.append(fleet.load("acme").contents.folder)
    assert len({*folders}) == 3
    for path in folders:
        age(path)
    age(folders[0].parents[1] / ".pruned")
    tenants.add(fleet, "bolt")
    (folder / "acme").rename(folder / "bolt")
    for publication in publishing.publications(fleet, folder, only=["bolt"], who="ann"):
        publishing.publish(fleet, publication)
    fleet.load("bolt")
    assert [path.exists() for path in folders] == [False, False, True]
