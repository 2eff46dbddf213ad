"""Profiles that templates make."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbx_connector.application import templates
from pbx_connector.errors import UsageError
from pbx_connector.source import Template

MADE = Template("office", "Office", "title: ${name}\n")


def test_a_file_that_came_there_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "office.yaml"
    templates.check_target(target)
    target.write_text("somebody else's")
    with pytest.raises(UsageError, match="exists already"):
        templates.write_profile(MADE, target, {"name": '"A"'})
    assert target.read_text() == "somebody else's"


def test_a_link_to_nothing_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "office.yaml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="exists already"):
        templates.write_profile(MADE, tmp_path / "office.yaml", {"name": '"A"'})
    assert not (tmp_path / "elsewhere").exists()
