"""A new profile from a template: what is asked, what is tried, and that nothing is overwritten."""

from __future__ import annotations

import os
import stat

import pytest
from pbx_web.drafting import names
from pbx_web.permissions import Role

from .conftest import Running
from .probes import CALCULATION, RESULT

CSV = {
    "answer-name": "Büro & Söhne",
    "answer-path": "customers.csv",
    "answer-url": "",
    "answer-key": "",
    "do": "create",
}
EXCHANGE = {
    "answer-name": "Exchange",
    "answer-email": "pbx@example.com",
    "answer-password": "s3cret word",
    "answer-url": "https://127.0.0.1:1/EWS/Exchange.asmx",
}


def test_every_template_has_a_card_and_a_form(running: Running) -> None:
    with running.client(Role.EDITOR) as client:
        cards = client.get("/profiles/new").text
        templates = client.get("/api/v1/profiles/new").json()["templates"]
        assert {"csv-contacts", "exchange-contacts"} <= {one["name"] for one in templates}
        for one in templates:
            assert f'href="/profiles/new/{one["name"]}"' in cards
            form = client.get(f"/profiles/new/{one['name']}")
            assert form.status_code == 200
            for question in one["questions"]:
                assert f'name="answer-{question["name"]}"' in form.text


def test_answers_make_a_file_called_by_the_title(running: Running) -> None:
    with running.client(Role.EDITOR) as client:
        done = client.post("/profiles/new/csv-contacts", data=CSV)
    assert done.headers["location"] == "/profiles/buero-soehne"
    text = (running.profiles / "buero-soehne.yaml").read_text(encoding="utf-8")
    assert 'title: "Büro & Söhne"' in text
    assert 'file: "customers.csv"' in text


def test_no_file_is_overwritten(running: Running) -> None:
    before = (running.profiles / "customers.yaml").read_bytes()
    (running.profiles / "gone.yaml").symlink_to("/nowhere/gone.yaml")
    with running.client(Role.EDITOR) as client:
        for taken in ("customers", "customers.yaml", " customers.yml", "gone"):
            refused = client.post("/profiles/new/csv-contacts", data=CSV | {"file": taken})
            assert refused.status_code == 422
            assert "exists already" in refused.text
        named = client.post("/profiles/new/csv-contacts", data=CSV | {"answer-name": "Customers"})
    assert named.headers["location"] == "/profiles/customers-2"
    assert (running.profiles / "customers.yaml").read_bytes() == before
    assert not os.path.exists("/nowhere/gone.yaml")


@pytest.mark.parametrize(
    "name",
    ["../x", "..%2fx", "/etc/x", "a/b", "a\\b", ".hidden", "a\0b", "x" * 101, "-x", "ä", "new", "x.yaml/..", "a\nb"],
)
def test_a_name_that_leads_out_of_the_folder_is_refused(running: Running, name: str) -> None:
    before = sorted(path.name for path in running.folder.rglob("*") if "sqlite" not in path.name)
    with running.client(Role.EDITOR) as client:
        refused = client.post("/profiles/new/csv-contacts", data=CSV | {"file": name})
    assert refused.status_code == 422
    assert 'id="file-error"' in refused.text
    assert sorted(path.name for path in running.folder.rglob("*") if "sqlite" not in path.name) == before


def test_what_is_wrong_stands_at_its_answer_and_nothing_is_written(running: Running) -> None:
    with running.client(Role.EDITOR) as client:
        both = client.post("/profiles/new/csv-contacts", data=CSV | {"answer-url": "ftp://example.com"})
        missing = client.post("/profiles/new/exchange-contacts", data=EXCHANGE | {"answer-email": ""})
        said = client.post("/api/v1/profiles/new/exchange-contacts", json=EXCHANGE | {"answer-email": "nobody"})
    assert 'id="answer-url-error"' in both.text
    assert 'value="Büro &amp; Söhne"' in both.text
    assert 'id="answer-email-error"' in missing.text
    assert "e-mail address" in said.json()["wrong"]["email"]
    assert [path.name for path in running.profiles.glob("*.yaml")] == ["customers.yaml"]


def test_a_secret_goes_to_a_file_of_its_own_and_is_never_shown(running: Running) -> None:
    with running.client(Role.EDITOR) as client:
        tried = client.post("/profiles/new/exchange-contacts", data=EXCHANGE | {"do": "test"})
        assert tried.status_code == 200
        assert "s3cret" not in tried.text
        assert 'name="kept-password" value="exchange-password.secret"' in tried.text
        assert not (running.profiles / "exchange.yaml").exists()
        again = EXCHANGE | {"answer-password": "", "kept-password": "exchange-password.secret", "do": "create"}
        assert client.post("/profiles/new/exchange-contacts", data=again).headers["location"] == "/profiles/exchange"
    kept = running.profiles / "exchange-password.secret"
    assert kept.read_text(encoding="utf-8") == "s3cret word"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    text = (running.profiles / "exchange.yaml").read_text(encoding="utf-8")
    assert 'password: {file: "exchange-password.secret"}' in text
    assert "s3cret" not in text


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x.secret", "customers.csv", "link.secret", "none.secret", "a\0.secret"]
)
def test_only_a_secret_that_was_kept_here_can_be_named(running: Running, name: str) -> None:
    (running.profiles / "link.secret").symlink_to("/etc/passwd")
    with running.client(Role.EDITOR) as client:
        data = EXCHANGE | {"answer-password": "", "kept-password": name, "do": "create"}
        refused = client.post("/profiles/new/exchange-contacts", data=data)
    assert refused.status_code == 422
    assert 'id="answer-password-error"' in refused.text


def test_the_connection_is_tried_before_anything_is_written(running: Running) -> None:
    (running.profiles / "people.csv").write_text("displayname,phone\nAnn Lee,030 1\n", encoding="utf-8")
    with running.client(Role.EDITOR) as client:
        page = client.post("/profiles/new/csv-contacts", data=CSV | {"do": "test", "answer-path": "people.csv"})
        said = client.post("/api/v1/profiles/new/csv-contacts", json=CSV | {"do": "test", "answer-path": "none.csv"})
    assert "The connection works." in page.text
    assert said.json()["failed"] is True
    assert [path.name for path in running.profiles.glob("*.yaml")] == ["customers.yaml"]


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", CALCULATION, "‮evil", "a" * 1_900, '"; $name: ${url}'])
def test_a_hostile_title_is_text_and_nothing_else(running: Running, title: str) -> None:
    with running.client(Role.EDITOR) as client:
        done = client.post("/profiles/new/csv-contacts", data=CSV | {"answer-name": title})
    assert "<script>alert" not in done.text
    assert RESULT not in done.text
    for path in running.profiles.glob("*.yaml"):
        assert names.NAME.fullmatch(path.stem)


def test_there_is_no_other_template(running: Running) -> None:
    with running.client(Role.EDITOR) as client:
        assert client.get("/profiles/new/none").status_code == 404
        assert client.post("/profiles/new/none", data=CSV).status_code == 404


@pytest.mark.parametrize(
    ("title", "name"),
    [("Büro Süd", "buero-sued"), ("  ", "profile"), ("日本", "profile"), ("New", "new-profile"), ("A/../B", "a-b")],
)
def test_a_title_proposes_a_name(title: str, name: str) -> None:
    assert names.proposed(title) == name
