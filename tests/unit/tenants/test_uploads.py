"""Files of a tenant as somebody sends them: what is right, and what is meant to break or to get out."""

from __future__ import annotations

import base64
import io
import resource
import stat
import zipfile
from collections.abc import Mapping

import pytest

from pbx_connector.application.uploads import files_of_texts, files_of_zip
from pbx_connector.errors import UsageError
from pbx_connector.tenants import published

PROFILE = "profiles/staff.yaml"


def packed(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", method) as opened:
        for path, content in files.items():
            opened.writestr(path, content)
    archive.seek(0)
    return archive


@pytest.mark.parametrize("folder", ["", "acme/"])
def test_an_archive_of_a_folder_or_of_what_is_in_it(folder: str) -> None:
    sent = packed({f"{folder}{PROFILE}": b"title: Staff", f"{folder}staff.csv": b"Id;Name"})
    assert files_of_zip(sent).contents == {PROFILE: b"title: Staff", "staff.csv": b"Id;Name"}


def test_profiles_alone_are_no_folder_of_a_tenant() -> None:
    assert list(files_of_zip(packed({PROFILE: b""})).contents) == [PROFILE]


def test_what_is_hidden_stays_out() -> None:
    hidden = {".git/config": b"x", "profiles/.staff.yaml.swp": b"x", "__MACOSX/profiles/._staff.yaml": b"x"}
    assert list(files_of_zip(packed({PROFILE: b"", **hidden})).contents) == [PROFILE]


PATHS = ["../x", "/etc/passwd", "a/../../x", "./x", "a//b", "..\\x", "C:\\x", "x\n", "x.secret", "a" * 301]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out(path: str) -> None:
    with pytest.raises(UsageError):
        files_of_zip(packed({PROFILE: b"", path: b"x"}))
    with pytest.raises(UsageError):
        files_of_texts({PROFILE: "", path: "x"})


def test_no_link_is_followed() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(PROFILE, "")
        link = zipfile.ZipInfo("profiles/other.yaml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(link, "/etc/passwd")
    with pytest.raises(UsageError, match="link"):
        files_of_zip(archive)


def test_a_name_twice_is_refused() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(PROFILE, "a")
        with pytest.warns(UserWarning, match="Duplicate"):
            opened.writestr(PROFILE, "b")
    with pytest.raises(UsageError, match="twice"):
        files_of_zip(archive)


def test_a_bomb_is_unpacked_no_further_than_there_is_room() -> None:
    bomb = packed({PROFILE: b"", "bomb": bytes(400_000_000)})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UsageError, match="no more than"):
        files_of_zip(bomb)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_many_small_bombs_are_one() -> None:
    with pytest.raises(UsageError, match="no more than"):
        files_of_zip(packed({PROFILE: b""} | {f"b{number}": bytes(published.MOST_BYTES // 4) for number in range(6)}))


def test_what_an_entry_says_of_its_size_is_not_believed() -> None:
    sent = bytearray(packed({PROFILE: b"", "bomb": bytes(published.MOST_BYTES + 5_000)}).getvalue())
    says = (published.MOST_BYTES + 5_000).to_bytes(4, "little")
    lie = bytes(sent).replace(says, (10).to_bytes(4, "little"))
    assert lie != bytes(sent)
    with pytest.raises(UsageError):
        files_of_zip(io.BytesIO(lie))


def test_more_files_than_a_tenant_has_are_refused_before_they_are_read() -> None:
    with pytest.raises(UsageError, match="no more than"):
        files_of_zip(packed({PROFILE: b""} | {f"{number}.csv": b"" for number in range(published.MOST_FILES + 1)}))
    with pytest.raises(UsageError, match="too many entries"):
        files_of_zip(packed({f"{number:050}.csv": b"" for number in range(15_000)}))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(method: int) -> None:
    with pytest.raises(UsageError, match="unusual"):
        files_of_zip(packed({PROFILE: b"title: x"}, method))


def test_an_encrypted_archive_is_refused() -> None:
    sent = bytearray(packed({PROFILE: b"x"}).getvalue())
    sent[sent.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UsageError, match="encrypted"):
        files_of_zip(io.BytesIO(bytes(sent)))


@pytest.mark.parametrize("sent", [b"", b"PK", b"no archive", packed({PROFILE: b"x"}).getvalue()[:-30]])
def test_what_is_no_archive_is_said(sent: bytes) -> None:
    with pytest.raises(UsageError, match="no zip archive"):
        files_of_zip(io.BytesIO(sent))


def test_a_broken_content_is_told() -> None:
    sent = packed({PROFILE: b"title: Staff"}, zipfile.ZIP_STORED).getvalue().replace(b"title: Staff", b"title: Stuff")
    with pytest.raises(UsageError, match="no zip archive"):
        files_of_zip(io.BytesIO(sent))


def test_an_archive_without_a_profile_takes_nothing_away() -> None:
    for sent in ({}, {"staff.csv": b""}, {"acme/config.yaml": b""}):
        with pytest.raises(UsageError, match="no profile"):
            files_of_zip(packed(sent))


def test_texts_by_path() -> None:
    found = files_of_texts({PROFILE: "title: Grüße", "a.bin": {"base64": base64.b64encode(b"\0\xff").decode()}})
    assert found.contents == {PROFILE: "title: Grüße".encode(), "a.bin": b"\0\xff"}


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        "x",
        {},
        {PROFILE: 1},
        {PROFILE: None},
        {PROFILE: {"base64": "*"}},
        {PROFILE: {"base64": 7}},
        {PROFILE: {}},
        {PROFILE: ["a"]},
        {PROFILE: "\ud800"},
        {PROFILE: "x" * (published.MOST_BYTES + 1)},
    ],
)
def test_what_cannot_be_files_is_said(said: object) -> None:
    with pytest.raises(UsageError):
        files_of_texts(said)
