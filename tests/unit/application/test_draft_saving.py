"""A draft is saved where it came from, nowhere else, and never over what somebody else has written meanwhile."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from pbx_connector.application import Installation, drafts
from pbx_connector.application.drafts import ChangedMeanwhile, Saved
from pbx_connector.config import Config
from pbx_connector.errors import ProfileError, UsageError
from pbx_connector.plugins import Plugins

TEXT = "title: A\nsource: memory\nsettings: {}\nmode: mirror\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "office.yaml").write_text(TEXT)
    return folder


@pytest.fixture
def installation(folder: Path) -> Installation:
    return Installation(Config(profiles=folder), Plugins(()))


def test_a_draft_that_nobody_else_changed_takes_the_place_of_the_file(installation: Installation, folder: Path) -> None:
    draft = drafts.open_draft(installation, "office.yaml")
    os.chmod(draft.file, 0o640)
    changed = draft.text.replace("A", "Ä")
    saved = drafts.save(installation, "office.yaml", changed, draft.text)
    assert isinstance(saved, Saved)
    assert saved.draft.text == changed == (folder / "office.yaml").read_text()
    assert saved.draft.digest != draft.digest
    assert stat.S_IMODE(draft.file.stat().st_mode) == 0o640
    assert [file.name for file in folder.iterdir()] == ["office.yaml"]


@pytest.mark.parametrize("text", ["\ufefftitle: A\r\nsource: x\r\n", "title: A", "", "title: [\n"])
def test_every_byte_of_a_file_stays(installation: Installation, folder: Path, text: str) -> None:
    (folder / "office.yaml").write_bytes(text.encode())
    draft = drafts.open_draft(installation, "office.yaml")
    assert draft.text == text
    drafts.save(installation, "office.yaml", f"{text}# more", draft.text)
    assert draft.file.read_bytes() == f"{text}# more".encode()


def test_a_file_that_changed_meanwhile_is_not_overwritten(installation: Installation, folder: Path) -> None:
    draft = drafts.open_draft(installation, "office.yaml")
    theirs = TEXT.replace("mirror", "upsert")
    draft.file.write_text(theirs)
    mine = TEXT.replace("title: A", "title: B")
    answer = drafts.save(installation, "office.yaml", mine, draft.text)
    assert isinstance(answer, ChangedMeanwhile)
    assert (answer.base, answer.theirs, answer.mine, answer.gone) == (TEXT, theirs, mine, False)
    assert answer.merged.text == mine.replace("mirror", "upsert")
    assert draft.file.read_text() == theirs
    assert isinstance(drafts.save(installation, "office.yaml", answer.merged.text, answer.theirs), Saved)


def test_the_same_change_by_somebody_else_is_no_conflict(installation: Installation, folder: Path) -> None:
    (folder / "office.yaml").write_text("title: B\n")
    assert isinstance(drafts.save(installation, "office.yaml", "title: B\n", TEXT), Saved)


def test_a_file_that_is_gone_is_told_and_can_be_written_anew(installation: Installation, folder: Path) -> None:
    (folder / "office.yaml").unlink()
    answer = drafts.save(installation, "office.yaml", "title: B\n", TEXT)
    assert isinstance(answer, ChangedMeanwhile)
    assert answer.gone
    assert not list(folder.iterdir())
    assert isinstance(drafts.save(installation, "office.yaml", "title: B\n", None), Saved)
    assert isinstance(drafts.save(installation, "office.yaml", "title: C\n", None), ChangedMeanwhile)


def test_a_merge_with_its_marks_is_not_saved(installation: Installation, folder: Path) -> None:
    answer = drafts.merge(TEXT, TEXT.replace("A", "B"), TEXT.replace("A", "C"))
    with pytest.raises(UsageError, match="line 1: a conflict is not resolved"):
        drafts.save(installation, "office.yaml", answer.text, TEXT)
    assert (folder / "office.yaml").read_text() == TEXT


@pytest.mark.parametrize("text", ["a\ud800", "x" * 5_000_001])
def test_a_text_that_no_file_can_have_changes_nothing(installation: Installation, folder: Path, text: str) -> None:
    with pytest.raises(UsageError):
        drafts.save(installation, "office.yaml", text, TEXT)
    assert (folder / "office.yaml").read_text() == TEXT


NAMES = (
    *(
        "../other.yaml",
        "/etc/passwd.yaml",
        "a/office.yaml",
        "..",
        ".",
        "",
        ".office.yaml",
        "office.yaml/",
        "office.txt",
    ),
    *("office", "a\x00.yaml", "a\n.yaml", "\udc80.yaml", "..\\other.yaml\n", ".yaml"),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_leads_nowhere_else(installation: Installation, folder: Path, name: str) -> None:
    (folder.parent / "other.yaml").write_text("secret")
    for action in (
        lambda: drafts.open_draft(installation, name),
        lambda: drafts.save(installation, name, "x", "secret"),
        lambda: drafts.save(installation, name, "x", None),
        lambda: drafts.delete(installation, name, "secret"),
        lambda: drafts.rename(installation, "office.yaml", name, TEXT),
    ):
        with pytest.raises(UsageError):
            action()
    assert (folder.parent / "other.yaml").read_text() == "secret"
    assert (folder / "office.yaml").read_text() == TEXT


def test_a_name_that_is_no_id_can_be_edited_but_not_made(installation: Installation, folder: Path) -> None:
    (folder / "Büro alt.yaml").write_text("title: B\n")
    assert isinstance(drafts.save(installation, "Büro alt.yaml", "title: C\n", "title: B\n"), Saved)
    with pytest.raises(UsageError, match="cannot be the name"):
        drafts.save(installation, "Büro neu.yaml", "title: C\n", None)


def test_links_out_of_the_folder_and_what_is_no_file_are_refused(installation: Installation, folder: Path) -> None:
    outside = folder.parent / "outside.yaml"
    outside.write_text("title: O\n")
    (folder / "out.yaml").symlink_to(outside)
    (folder / "dangling.yaml").symlink_to(folder.parent / "new.yaml")
    (folder / "loop.yaml").symlink_to(folder / "loop.yaml")
    (folder / "folder.yaml").mkdir()
    os.mkfifo(folder / "pipe.yaml")
    for name in ("out.yaml", "dangling.yaml", "loop.yaml", "folder.yaml", "pipe.yaml"):
        with pytest.raises(UsageError):
            drafts.open_draft(installation, name)
        with pytest.raises(UsageError):
            drafts.save(installation, name, "title: X\n", "title: O\n")
    assert outside.read_text() == "title: O\n"
    assert not (folder.parent / "new.yaml").exists()


def test_a_link_within_the_folder_stays_one(installation: Installation, folder: Path) -> None:
    (folder / "link.yaml").symlink_to("office.yaml")
    assert isinstance(drafts.save(installation, "link.yaml", "title: X\n", TEXT), Saved)
    assert (folder / "link.yaml").is_symlink()
    assert (folder / "office.yaml").read_text() == "title: X\n"


def test_a_file_that_is_no_text_is_told(installation: Installation, folder: Path) -> None:
    (folder / "office.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProfileError) as told:
        drafts.open_draft(installation, "office.yaml")
    assert "UTF-8" in told.value.diagnostics[0].message


def test_of_two_who_save_at_once_one_is_told(installation: Installation, folder: Path) -> None:
    answers: list[object] = []
    start = threading.Barrier(8)

    def save(number: int) -> None:
        start.wait()
        answers.append(drafts.save(installation, "office.yaml", f"title: {number}\n", TEXT))

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(answer, Saved) for answer in answers) == 1
    assert len(answers) == 8


def test_a_file_is_renamed_and_deleted_as_it_was_seen(installation: Installation, folder: Path) -> None:
    assert isinstance(drafts.rename(installation, "office.yaml", "new.yaml", "title: old\n"), ChangedMeanwhile)
    renamed = drafts.rename(installation, "office.yaml", "new.yaml", TEXT)
    assert isinstance(renamed, Saved)
    assert renamed.draft.file.name == "new.yaml"
    (folder / "other.yaml").write_text(TEXT)
    with pytest.raises(UsageError, match="exists already"):
        drafts.rename(installation, "new.yaml", "other.yaml", TEXT)
    assert isinstance(drafts.delete(installation, "new.yaml", "title: old\n"), ChangedMeanwhile)
    assert drafts.delete(installation, "new.yaml", TEXT) is None
    assert [file.name for file in folder.iterdir()] == ["other.yaml"]


def test_without_a_folder_there_are_no_drafts(tmp_path: Path) -> None:
    for config in (Config(), Config(profiles=tmp_path / "none")):
        with pytest.raises(UsageError, match="no profiles folder"):
            drafts.open_draft(Installation(config, Plugins(())), "office.yaml")
