"""Files that commands write anew keep their owner and rights, or stay as they were."""

from __future__ import annotations

import os
import resource
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbx_connector.application.replacing import replacement

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def shared() -> Iterator[Path]:
    """A file in a folder that everybody may write to."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        path = Path(folder) / "crm.yaml"
        path.write_text("old")
        path.chmod(0o640)
        yield path


def replace(path: Path, text: str = "new") -> None:
    with replacement(path) as file:
        file.write(text)


def test_a_file_keeps_its_rights_and_a_link_stays_a_link(shared: Path) -> None:
    link = shared.with_name("link.yaml")
    link.symlink_to(shared)
    replace(link)
    assert shared.read_text() == "new"
    assert link.is_symlink()
    assert stat.S_IMODE(shared.stat().st_mode) == 0o640


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    replace(tmp_path / "phonebook.csv")
    assert stat.S_IMODE((tmp_path / "phonebook.csv").stat().st_mode) == 0o600


@as_root
def test_a_file_that_root_writes_stays_its_owners(shared: Path) -> None:
    os.chown(shared, NOBODY, NOBODY)
    replace(shared)
    status = shared.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (NOBODY, NOBODY, 0o640)


@as_root
def test_a_file_that_would_change_hands_is_left_as_it_is(shared: Path) -> None:
    os.seteuid(NOBODY)
    try:
        with pytest.raises(PermissionError, match="owner and group could not be kept"):
            replace(shared)
    finally:
        os.seteuid(0)
    assert shared.read_text() == "old"
    assert os.listdir(shared.parent) == [shared.name]


def test_a_disk_that_is_full_leaves_nothing_behind(shared: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            replace(shared, "x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert shared.read_text() == "old"
    assert os.listdir(shared.parent) == [shared.name]
