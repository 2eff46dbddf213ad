"""The profiles folder: dropped in, changed, broken, doubled, removed, gone; what was good stays in effect."""

from __future__ import annotations

import os
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from pbx_connector.application.profile_folder import Folder
from pbx_connector.plugins import GROUP, Plugins

SOURCE = """
from contextlib import nullcontext
from pydantic import BaseModel, ConfigDict
from pbx_connector.api import FieldSet, SourceType, hookimpl

class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

@hookimpl
def pbx_sources():
    anything = FieldSet((), closed=False)
    return [SourceType("nothing", "Nothing", Settings, anything, lambda settings, context: nullcontext())]
"""


def profile(title: str, more: str = "") -> str:
    structure = "structure: {phonebook: [{028pho_bez: '{{Name}}'}]}"
    return f"title: {title}\nsource: nothing\nsettings: {{}}\n{more}{structure}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    (tmp_path / "source_of_nothing.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins = Plugins([EntryPoint("nothing", "source_of_nothing", GROUP)])
    assert plugins.broken == ()
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    return Folder(profiles, plugins)


def scan(folder: Folder) -> list[str]:
    return sorted(path.name for path in folder.scan())


def titles(folder: Folder) -> dict[str, str]:
    return {name: loaded.profile.title for name, loaded in folder.profiles.items() if loaded.profile}


def write(path: Path, text: str) -> None:
    """A change that shows even within one tick of the file system's clock."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_files_come_change_and_go(folder: Folder) -> None:
    assert scan(folder) == []
    write(folder.path / "a.yaml", profile("A"))
    write(folder.path / "b.yml", profile("B"))
    assert scan(folder) == ["a.yaml", "b.yml"]
    assert titles(folder) == {"a": "A", "b": "B"}
    assert scan(folder) == []
    write(folder.path / "a.yaml", profile("A2"))
    assert scan(folder) == ["a.yaml"]
    assert titles(folder) == {"a": "A2", "b": "B"}
    (folder.path / "b.yml").unlink()
    assert scan(folder) == ["b.yml"]
    assert titles(folder) == {"a": "A2"}


@pytest.mark.parametrize("name", [".a.yaml", "a.yaml~", "a.yaml.bak", "notes.txt", "a.secret"])
def test_other_files_are_no_profiles(folder: Folder, name: str) -> None:
    (folder.path / name).write_text("what: ever")
    assert scan(folder) == []


@pytest.mark.parametrize(
    ("target", "words"), [("nowhere", "a link to a file that is not there"), ("a.yaml", "too many levels")]
)
def test_a_file_that_cannot_be_looked_at_is_broken_and_not_removed(folder: Folder, target: str, words: str) -> None:
    path = folder.path / "a.yaml"
    path.write_text(profile("A"))
    scan(folder)
    aside = path.rename(folder.path / "aside")
    path.symlink_to(folder.path / target)
    assert scan(folder) == ["a.yaml"]
    assert scan(folder) == []
    assert titles(folder) == {"a": "A"}
    assert words in folder.profiles["a"].broken.lower()
    path.unlink()
    aside.rename(path)
    assert scan(folder) == ["a.yaml"]
    assert folder.profiles["a"].broken == ""


def test_a_link_to_nowhere_and_a_folder_harm_nobody(folder: Folder) -> None:
    (folder.path / "gone.yaml").symlink_to(folder.path / "nowhere")
    (folder.path / "sub.yaml").mkdir()
    write(folder.path / "a.yaml", profile("A"))
    scan(folder)
    assert titles(folder) == {"a": "A"}


def test_a_broken_file_leaves_its_last_good_state_in_effect(folder: Folder) -> None:
    write(folder.path / "a.yaml", profile("A"))
    scan(folder)
    write(folder.path / "a.yaml", "title: [\n")
    assert scan(folder) == ["a.yaml"]
    assert titles(folder) == {"a": "A"}
    assert folder.profiles["a"].broken.startswith("line ")
    assert scan(folder) == []
    write(folder.path / "a.yaml", profile("A3"))
    scan(folder)
    assert titles(folder) == {"a": "A3"}
    assert folder.profiles["a"].broken == ""


def test_a_file_that_was_never_good_is_named_and_runs_nothing(folder: Folder) -> None:
    write(folder.path / "a.yaml", "source: nowhere\n")
    scan(folder)
    assert titles(folder) == {}
    assert "(and" in folder.profiles["a"].broken


def test_of_two_files_with_one_id_the_first_keeps_it(folder: Folder) -> None:
    write(folder.path / "z.yaml", profile("Z", "id: same\n"))
    scan(folder)
    write(folder.path / "a.yaml", profile("A", "id: same\n"))
    scan(folder)
    assert titles(folder) == {"same": "Z"}
    [second] = [loaded for loaded in folder.files() if loaded.path.name == "a.yaml"]
    assert second.broken == "its id same is that of z.yaml already"
    (folder.path / "z.yaml").unlink()
    scan(folder)
    assert titles(folder) == {"same": "A"}


def test_a_folder_that_vanishes_takes_no_profile_with_it(folder: Folder, tmp_path: Path) -> None:
    write(folder.path / "a.yaml", profile("A"))
    scan(folder)
    folder.path.rename(tmp_path / "elsewhere")
    assert scan(folder) == []
    assert "cannot be read" in folder.missing
    assert titles(folder) == {"a": "A"}
    (tmp_path / "elsewhere").rename(folder.path)
    scan(folder)
    assert folder.missing == ""


def test_a_schedule_that_makes_no_sense_is_a_broken_profile(folder: Folder) -> None:
    write(folder.path / "a.yaml", profile("A", 'schedule: "0 25 * * *"\n'))
    scan(folder)
    assert "hour makes no sense" in folder.profiles["a"].broken


def test_five_hundred_profiles(folder: Folder) -> None:
    for number in range(500):
        write(folder.path / f"p{number}.yaml", profile(f"P{number}", "schedule: {every: 1h}\n"))
    assert len(scan(folder)) == 500
    assert len(titles(folder)) == 500
    assert scan(folder) == []


def test_what_is_no_file_is_named_and_stops_nobody_else(folder: Folder) -> None:
    (folder.path / "good.yaml").write_text(profile("Good"))
    os.mkfifo(folder.path / "a-pipe.yaml")
    (folder.path / "a-device.yaml").symlink_to("/dev/zero")
    (folder.path / "a-folder.yaml").mkdir()
    assert scan(folder) == ["a-device.yaml", "a-folder.yaml", "a-pipe.yaml", "good.yaml"]
    assert titles(folder) == {"good": "Good"}
    assert {name: loaded.broken for name, loaded in folder.profiles.items() if loaded.broken} == {
        "a-device": "it is a device, not a file",
        "a-folder": "it is a folder, not a file",
        "a-pipe": "it is a named pipe, not a file",
    }
    os.remove(folder.path / "a-pipe.yaml")
    (folder.path / "a-pipe.yaml").write_text(profile("No pipe"))
    assert scan(folder) == ["a-pipe.yaml"]


def test_a_file_whose_name_no_screen_takes_harms_itself_alone(folder: Folder) -> None:
    (folder.path / "good.yaml").write_text(profile("Good"))
    names = [b"b\xfcro.yaml", b"two\nlines.yaml", b"esc\x1b[2J.yaml"]
    for name in names:
        Path(os.fsdecode(os.fsencode(folder.path) + b"/" + name)).write_text(profile("Odd"))
    assert scan(folder) == sorted(["good.yaml", "b\\xfcro.yaml", "two\\nlines.yaml", "esc\\x1b[2J.yaml"])
    assert titles(folder) == {"good": "Good"}
    assert folder.profiles["b\\xfcro"].broken == "its name is not UTF-8 text"
    assert folder.profiles["two\\nlines"].broken == "its name has control characters"
    assert scan(folder) == []
