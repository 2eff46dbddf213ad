"""Secrets that people type into a user interface: each in a new file that its owner alone can read."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pbx_connector.application import secret_files
from pbx_connector.errors import UsageError


def test_a_secret_is_kept_as_typed_for_its_owner_alone(tmp_path: Path) -> None:
    path = secret_files.keep("pass wörd ", name="office-password", folder=tmp_path)
    assert path == tmp_path / "office-password.secret"
    assert path.read_text(encoding="utf-8") == "pass wörd "
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_file_is_overwritten_and_no_link_is_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "x.secret").symlink_to(elsewhere)
    (tmp_path / "x-2.secret").write_text("old")
    assert secret_files.keep("new", name="x", folder=tmp_path).name == "x-3.secret"
    assert (tmp_path / "x-2.secret").read_text() == "old"
    assert not elsewhere.exists()


@pytest.mark.parametrize("secret", ["", "x" * 100_001])
def test_what_is_no_secret_is_refused(tmp_path: Path, secret: str) -> None:
    with pytest.raises(UsageError, match="at least one character"):
        secret_files.keep(secret, name="x", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_secret_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be kept as text"):
        secret_files.keep("a\udcff", name="x", folder=tmp_path)
    with pytest.raises(UsageError, match="cannot be written"):
        secret_files.keep("a", name="x", folder=tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "../x.secret",
        "/x.secret",
        "x",
        "x.yaml",
        ".x.secret",
        "a/b.secret",
        "link.secret",
        "folder.secret",
        "a\0.secret",
    ],
)
def test_only_files_of_this_kind_count_as_kept(tmp_path: Path, name: str) -> None:
    kept = secret_files.keep("a", name="x", folder=tmp_path)
    (tmp_path / "link.secret").symlink_to(kept)
    (tmp_path / "folder.secret").mkdir()
    assert secret_files.is_kept("x.secret", tmp_path)
    assert not secret_files.is_kept(name, tmp_path)
