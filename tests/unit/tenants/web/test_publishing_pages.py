"""What is changed in the pages of a tenant is published as a version of its profiles, checked as any other."""

from __future__ import annotations

import base64
import re
from typing import Any

import httpx
import pytest
from tenant_pages import Pages

from pbx_connector.api import AuditFilter, Role
from pbx_connector.application import publishing, tenants
from pbx_connector.tenants import vault, versions

API = "/api/v1/profiles/staff"


@pytest.fixture
def acme(pages: Pages) -> Any:
    with pages.client("acme", Role.EDITOR) as client:
        yield client


def draft(client: httpx.Client, path: str = API) -> str:
    text: str = client.get(path).json()["text"]
    return text


def save(client: httpx.Client, text: str, base: str, path: str = API) -> httpx.Response:
    return client.post(path, json={"text": text, "base": base, "do": "save"})


def counting(pages: Pages, id: str) -> dict[str, str]:
    """The profiles of the version that counts."""
    (last, *_) = tenants.details(pages.fleet, id).versions
    contents = versions.contents(pages.fleet.control, id, last.number).contents
    return {path: text.decode() for path, text in contents.items()}


def test_what_is_saved_is_a_new_version_by_whom_it_was(pages: Pages, acme: httpx.Client) -> None:
    text = draft(acme)
    changed = text.replace("title: Staff", "title: Our staff  # as it is called")
    assert save(acme, changed, text).json()["saved"]
    (last, first) = tenants.details(pages.fleet, "acme").versions
    assert (last.number, last.who, last.note, first.who) == (2, "editor", "staff.yaml changed in the pages", "git")
    assert counting(pages, "acme") == {**counting(pages, "bolt"), "profiles/staff.yaml": changed}
    assert draft(acme) == changed
    assert "Our staff" in acme.get("/").text
    assert len(tenants.details(pages.fleet, "bolt").versions) == 1


def test_what_others_published_meanwhile_is_merged_and_never_overwritten(pages: Pages, acme: httpx.Client) -> None:
    text = draft(acme)
    file = pages.folder / "acme" / "profiles" / "staff.yaml"
    file.write_text(text.replace("every: 15m", "every: 30m"))
    pages.publish("acme")
    answer = save(acme, text.replace("title: Staff", "title: Our staff"), text)
    merged = answer.json()
    assert (answer.status_code, merged["meanwhile"]["conflicts"]) == (409, 0)
    assert "title: Our staff" in merged["text"]
    assert "every: 30m" in merged["text"]
    assert save(acme, merged["text"], merged["base"]).json()["saved"]
    assert counting(pages, "acme")["profiles/staff.yaml"] == merged["text"]


def test_another_file_that_was_published_meanwhile_stays(pages: Pages, acme: httpx.Client) -> None:
    text = draft(acme)
    (pages.folder / "acme" / "more.csv").write_text("Id;Name;Phone\n")
    pages.publish("acme")
    assert save(acme, text.replace("title: Staff", "title: Our staff"), text).json()["saved"]
    assert "more.csv" in counting(pages, "acme")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("title: Staff", "titel: Staff", "P0102"),
        ("file: ../staff.csv", "file: ../../../bolt/staff.csv", "P0112"),
        ("file: ../staff.csv", "file: /etc/passwd", "P0112"),
    ],
)
def test_a_mistake_is_shown_at_its_place_and_nothing_is_published(
    pages: Pages, acme: httpx.Client, old: str, new: str, code: str
) -> None:
    text = draft(acme)
    for do in ("save", "save-broken"):
        answer = acme.post(API, json={"text": text.replace(old, new), "base": text, "do": do})
        assert answer.status_code == 422
        assert code in {found["code"] for found in answer.json()["diagnostics"] if found["severity"] == "error"}
    assert len(tenants.details(pages.fleet, "acme").versions) == 1
    page = acme.post(
        "/profiles/staff",
        data={
            "packed-draft": packed(text.replace(old, new)),
            "packed-base": packed(text),
            "tab": "source",
            "do": "save",
        },
    )
    assert "Nothing is published while there are mistakes." in page.text
    assert "Save with mistakes" not in page.text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Staff", "titel: Staff"),
        ("../staff.csv", "/etc/passwd"),
        ("title: Staff", "["),
        ("../staff", "../stuff"),
    ],
)
def test_no_answer_tells_where_the_provider_has_its_files(acme: httpx.Client, pages: Pages, old: str, new: str) -> None:
    base = draft(acme)
    text, config = base.replace(old, new), pages.fleet.config
    said = []
    for do in ("test", "rows", "simulate", "format", "save"):
        form = {"packed-draft": packed(text), "packed-base": packed(base), "tab": "source", "do": do}
        said += [acme.post("/profiles/staff", data=form), acme.post(API, json={"text": text, "base": base, "do": do})]
    said += [acme.post(f"{start}/profiles/staff/simulate", data={"text": text}) for start in ("", "/api/v1")]
    for answer in said:
        for place in (config.cache, config.files, config.keys, config.database):
            assert str(place) not in answer.text


def test_two_profiles_of_one_id_are_not_published(pages: Pages, acme: httpx.Client) -> None:
    text = draft(acme)
    assert acme.post("/profiles/staff/copy", data={"copy": "other"}).status_code == 303
    other = draft(acme, "/api/v1/profiles/other")
    answer = save(acme, f"id: staff\n{other}", other, "/api/v1/profiles/other")
    assert answer.status_code == 422
    assert "its id staff is that of" in answer.json()["problem"]
    assert counting(pages, "acme")["profiles/staff.yaml"] == text


def test_a_profile_is_renamed_and_deleted(pages: Pages, acme: httpx.Client) -> None:
    text = draft(acme)
    renamed = acme.post("/profiles/staff/rename", data={"name": "people", "packed-base": packed(text)})
    assert renamed.headers["location"] == "/profiles/people"
    (path,) = (path for path in counting(pages, "acme") if path.startswith("profiles/"))
    assert (path, "id: staff" in counting(pages, "acme")[path]) == ("profiles/people.yaml", True)
    now = draft(acme, "/api/v1/profiles/people")
    assert acme.post("/profiles/people/delete", data={"packed-base": packed(text)}).status_code == 409
    assert acme.post("/profiles/people/delete", data={"packed-base": packed(now)}).status_code == 303
    assert list(counting(pages, "acme")) == ["staff.csv"]
    assert tenants.details(pages.fleet, "acme").schedules == ()


def test_a_new_profile_and_its_secret_are_the_tenants(pages: Pages, acme: httpx.Client) -> None:
    tenants.new_key(pages.fleet.config.keys)
    answers = {"name": "Directory", "url": "ldaps://ldap.example.com", "base": "dc=x", "user": "cn=reader"}
    form = acme.get("/profiles/new/ldap-contacts").text
    names = re.findall(r'name="answer-(\w+)" type="(\w+)" value="([^"]*)"', form)
    data = {f"answer-{name}": answers.get(name, value) or "x" for name, _, value in names}
    secrets = [name for name, kind, _ in names if kind == "password"]
    assert secrets
    data |= {f"answer-{name}": "a secret of acme" for name in secrets}
    made = acme.post("/profiles/new/ldap-contacts", data=data)
    assert made.status_code == 303, re.findall(r'class="error"[^>]*>[^<]*', made.text)
    published = counting(pages, "acme")["profiles/directory.yaml"]
    (name,) = (row.name for row in vault.secrets(pages.fleet.control, "acme"))
    assert f'{{vault: "{name}"}}' in published
    assert "a secret of acme" not in published + acme.get("/profiles/directory").text
    assert vault.TenantVault(pages.fleet.control, pages.fleet.config.keys, "acme").secret(name) == "a secret of acme"
    assert vault.secrets(pages.fleet.control, "bolt") == []
    (noted,) = pages.store("acme").audit(AuditFilter(action="secret set"))
    assert (noted.user, noted.detail) == ("editor", {"name": name})


def test_without_keys_no_secret_is_kept_and_no_place_of_the_providers_is_told(pages: Pages, acme: httpx.Client) -> None:
    text = draft(acme)
    form = acme.get("/profiles/new/ldap-contacts").text
    names = re.findall(r'name="answer-(\w+)" type="(\w+)" value="([^"]*)"', form)
    made = acme.post("/profiles/new/ldap-contacts", data={f"answer-{name}": value or "x" for name, _, value in names})
    assert made.status_code == 409
    assert "ask your provider" in made.text
    assert str(pages.fleet.config.keys) not in made.text
    assert draft(acme) == text


def test_a_tenant_of_whom_nothing_is_published_begins_in_the_pages(pages: Pages) -> None:
    tenants.add(pages.fleet, "cork")
    with pages.client("cork", Role.EDITOR) as cork:
        assert cork.get("/").status_code == 200
        answers = {"name": "Customers", "path": "", "url": "https://lists.example.com/customers.csv", "key": "Id"}
        form = cork.get("/profiles/new/csv-contacts").text
        names = re.findall(r'name="answer-(\w+)" type="(\w+)" value="([^"]*)"', form)
        data = {f"answer-{name}": answers.get(name, value) for name, _, value in names}
        made = cork.post("/profiles/new/csv-contacts", data=data)
        assert made.status_code == 303, re.findall(r'class="error"[^>]*>[^<]*', made.text)
        assert cork.get(made.headers["location"]).status_code == 200
    assert list(counting(pages, "cork")) == ["profiles/customers.yaml"]


@pytest.mark.parametrize("key", ["listen: 127.0.0.1:1", "url: 'https://x.example'", "proxies: [10.0.0.0/8]"])
def test_where_the_pages_are_served_is_no_tenants_to_say(pages: Pages, key: str) -> None:
    (pages.folder / "acme" / "config.yaml").write_text(f"plugins: {{web: {{{key}, language: de}}}}\n")
    (found,) = publishing.publications(pages.fleet, pages.folder, only=["acme"], who="git")
    (finding, *_) = [one for file in found.wrong for one in file.findings]
    assert "is the provider's to say" in finding.message


def test_devices_are_made_by_what_is_published_by_now(pages: Pages) -> None:
    with pages.client("acme", Role.ADMIN) as client:
        assert "as configured: national" not in client.get("/devices").text
        (pages.folder / "acme" / "config.yaml").write_text("plugins: {directory: {region: DE, dial_form: national}}\n")
        pages.publish("acme")
        pages.systems.forget("acme")
        assert "as configured: national" in client.get("/devices").text


def test_a_copy_that_somebody_else_published_is_kept_by_a_word(pages: Pages) -> None:
    with pages.client("acme", Role.RELEASER) as client:
        assert client.post("/overview/keep", data={"profile": "staff"}).status_code == 303
        assert client.post("/overview/keep", data={"profile": "nobody"}).status_code == 404


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
