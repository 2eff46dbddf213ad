"""Profiles that are broken, hostile or somewhere else, and forms that are forged."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest
from pbx_web.drafting.carried import LARGEST
from pbx_web.permissions import Role

from .conftest import PROFILE, Running
from .filled import send
from .opened_profile import OPENED, opened, text_of
from .probes import CALCULATION, RESULT


@pytest.fixture
def client(running: Running) -> httpx.Client:
    return running.client(Role.EDITOR)


# --- files that are not as they should be ----------------------------------------------------------------------------


def test_a_broken_profile_opens_and_can_be_fixed(client: httpx.Client, running: Running) -> None:
    file = running.profiles / "broken.yaml"
    file.write_text("title: [\nsource: csv\n")
    for tab in ("basic", "filter", "variables", "structure", "automate", "source"):
        assert client.get(f"/profiles/broken?tab={tab}").status_code == 200
    page = send(client, client.get("/profiles/broken?tab=source"), do="save", source=PROFILE)
    assert page.status_code == 200
    assert file.read_text() == PROFILE


def test_files_that_cannot_be_edited_are_told_apart(client: httpx.Client, running: Running, tmp_path: Path) -> None:
    (running.profiles / "latin.yaml").write_bytes("title: Büro\n".encode("latin-1"))
    (running.profiles / "large.yaml").write_text("# " + "x" * LARGEST)
    (tmp_path / "outside.yaml").write_text("title: secret of another\n")
    (running.profiles / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (running.profiles / "nowhere.yaml").symlink_to(tmp_path / "none.yaml")
    (running.profiles / "folder.yaml").mkdir()
    os.mkfifo(running.profiles / "pipe.yaml")
    for name, words in (
        ("latin", "not UTF-8"),
        ("large", "too large"),
        ("link", "out of the profiles folder"),
        ("nowhere", "not there"),
        ("folder", "a folder"),
        ("pipe", "a named pipe"),
    ):
        for path in (f"/profiles/{name}", f"/api/v1/profiles/{name}"):
            page = client.get(path)
            assert 400 <= page.status_code < 500, name
            assert words in page.text
            assert "secret of another" not in page.text


@pytest.mark.parametrize(
    "path",
    [
        *("..%2fcustomers", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "customers%00", ".hidden", "%2e%2e", "a%5cb"),
        *("customers.csv", "none", "x" * 300),
    ],
)
def test_an_address_leads_to_no_other_file(client: httpx.Client, running: Running, path: str) -> None:
    (running.folder / "customers.yaml").write_text("title: outside\n")
    (running.profiles / ".hidden.yaml").write_text("title: hidden\n")
    assert client.get(f"/profiles/{path}").status_code == 404
    before = sorted(running.folder.rglob("*.yaml"))
    refused = client.post(f"/profiles/{path}", data={"packed-draft": "YQ==", "packed-base": "", "do": "write-again"})
    assert refused.status_code in (400, 404, 405) or path in ("none", "customers.csv")
    if path not in ("none", "customers.csv"):
        assert sorted(running.folder.rglob("*.yaml")) == before


def test_a_profile_is_found_by_its_id_as_well(client: httpx.Client, running: Running) -> None:
    (running.profiles / "customers.yaml").rename(running.profiles / "renamed.yaml")
    text = "id: clients\n" + PROFILE
    (running.profiles / "renamed.yaml").write_text(text)
    assert text_of(client.get("/profiles/clients")) == text


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    CALCULATION,
    "'; DROP TABLE",
    "\u202eevil",
    "a" * 10_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_texts_everywhere(client: httpx.Client, text: str) -> None:
    page = send(client, opened(client, "basic"), set__title=text)
    for tab in ("filter", "variables", "structure", "automate", "source"):
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert RESULT not in page.text
        page = send(client, page, do=f"tab:{tab}") if page.status_code == 200 else opened(client, tab)
    page = send(client, opened(client, "variables"), rule__1__text=text, new__name="X", new__text=text, sample=text)
    assert "<script>alert" not in page.text
    page = send(client, opened(client, "structure"), field__0__028pho_notes=text, label__0__0__name=text)
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert RESULT not in page.text


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"packed-draft": "???", "packed-base": ""},
        {"packed-draft": "YQ==", "packed-base": "YQ==", "do": "nonsense"},
        {"packed-draft": "YQ==", "packed-base": "YQ==", "do": "move-rule:99999999999999999999"},
        {"packed-draft": "YQ==", "packed-base": "YQ==", "do": "remove-label:9:9"},
        {"packed-draft": "YQ==", "packed-base": "YQ==", "do": "remove-rule:7"},
        {"packed-draft": "YQ==", "packed-base": "YQ==", "do": "remove-entry:1:1"},
        {"packed-draft": "YQ==", "packed-base": "YQ==", "do": "remove-secret:rules"},
        {"packed-draft": "YQ==", "packed-base": "YQ==", "do": "tab:../../x", "tab": "../x"},
        {"packed-draft": "YQ==", "packed-base": "YQ==", "do": "format"},
        {"packed-draft": "YQ==", "packed-base": "YQ==", "do": "test"},
    ],
)
def test_a_forged_form_is_answered_with_words(client: httpx.Client, running: Running, data: dict[str, str]) -> None:
    answered = client.post(OPENED, data=data)
    assert answered.status_code < 500
    assert (running.profiles / "customers.yaml").read_text() == PROFILE
