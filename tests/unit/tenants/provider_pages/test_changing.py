"""What is changed on the provider's pages: published, gone back to, suspended, removed; and who may not."""

from __future__ import annotations

import base64
import itertools
import socket

import pytest

from pbx_connector.api import Role, application

from .conftest import API, FILES, PROFILE, Pages, packed


def test_a_tenant_is_added(pages: Pages) -> None:
    with pages.client() as client:
        added = client.post("/tenants/add", data={"id": "dyes", "title": "Färberei"})
        assert added.headers["location"] == "/tenants/dyes"
        assert client.get(f"{API}/tenants/dyes").json()["title"] == "Färberei"
        for wrong in ({"id": "Dyes"}, {"id": "dyes"}, {"id": "'; --"}, {"id": "x", "title": "a\nb\0"}, {}):
            answer = client.post("/tenants/add", data=wrong)
            assert (answer.status_code, 'role="alert"' in answer.text) == (400, True), wrong
            assert client.post(f"{API}/tenants/add", json=wrong).status_code == 400
        secret = "postgresql://provider:s3cret@db2/pbx"
        assert client.post("/tenants/add", data={"id": "y", "store": secret}).status_code == 400
    assert pages.done() == [("ann", "tenant added", "dyes")]


def test_an_archive_is_published(pages: Pages) -> None:
    with pages.client() as client:
        sent = {"archive": ("acme.zip", packed({f"acme/{path}": text for path, text in FILES.items()}))}
        page = client.post("/tenants/acme/publish", files=sent, data={"base": "0", "note": "from a browser"})
        assert page.status_code == 200, page.text
        assert "Published as version 1" in page.text
        said = client.get(f"{API}/tenants/acme").json()
        assert (said["versions"][0]["who"], said["versions"][0]["note"]) == ("ann", "from a browser")
        assert [profile["id"] for profile in said["profiles"]] == ["staff"]
        assert "Nothing differs" in client.post("/tenants/acme/publish", files=sent).text
    assert pages.done() == [("ann", "published", "acme")]


def test_programs_publish_texts(pages: Pages) -> None:
    files = FILES | {"logo.bin": {"base64": base64.b64encode(b"\0\1").decode()}}
    with pages.client() as client:
        only = client.post(f"{API}/tenants/acme/publish", json={"files": files, "simulate": "yes"}).json()
        assert (only["status"], only["version"]) == ("differs", None)
        assert "+title: Staff" in only["differences"]
        said = client.post(f"{API}/tenants/acme/publish", json={"files": files, "base": 0, "note": "x"}).json()
        assert (said["status"], said["version"]) == ("published", 1)
        assert said["added"] == ["logo.bin", "profiles/staff.yaml", "staff.csv"]


def test_a_mistake_is_told_with_its_place_and_nothing_is_changed(pages: Pages) -> None:
    wrong = FILES | {"profiles/staff.yaml": PROFILE.replace("schedule", "shedule")}
    with pages.client() as client:
        answer = client.post(f"{API}/tenants/acme/publish", json={"files": wrong})
        said = answer.json()
        assert (answer.status_code, said["status"], said["version"]) == (422, "wrong", None)
        assert ("acme/profiles/staff.yaml", 4) in [(found["file"], found["line"]) for found in said["findings"]]
        page = client.post("/tenants/acme/publish", files={"archive": ("a.zip", packed(wrong))})
        assert "Line 4" in page.text
        assert client.get(f"{API}/tenants/acme").json()["versions"] == []
    assert pages.done() == []


def test_whoever_has_published_meanwhile_is_not_overwritten(pages: Pages) -> None:
    with pages.client() as client:
        client.post(f"{API}/tenants/acme/publish", json={"files": FILES})
        other = FILES | {"staff.csv": "Id;Name;Phone\n"}
        answer = client.post(f"{API}/tenants/acme/publish", json={"files": other, "base": 0})
        assert (answer.status_code, answer.json()["status"]) == (409, "refused")
        assert client.post(f"{API}/tenants/acme/publish", json={"files": other, "base": 1}).json()["version"] == 2


def test_earlier_files_count_again(pages: Pages) -> None:
    with pages.client() as client:
        client.post(f"{API}/tenants/acme/publish", json={"files": FILES})
        client.post(f"{API}/tenants/acme/publish", json={"files": FILES | {"staff.csv": "Id;Name;Phone\n"}})
        said = client.post(f"{API}/tenants/acme/versions/1/rollback").json()
        assert (said["status"], said["version"]) == ("published", 3)
        assert client.post("/tenants/acme/versions/9/rollback").status_code == 400
        versions = client.get(f"{API}/tenants/acme").json()["versions"]
        assert versions[0]["digest"] == versions[2]["digest"]
    assert pages.done()[-1] == ("ann", "rolled back", "acme")


@pytest.mark.parametrize(
    "sent",
    [
        {"files": "no object"},
        {"files": {"profiles/../../x": "y"}},
        {"files": {"staff.csv": "no profile"}},
        {"files": "[" * 3_000},
        {"files": FILES, "base": "-1"},
        {"files": FILES, "base": "one"},
        {"files": FILES, "note": "x" * 501},
        {},
    ],
)
def test_what_cannot_be_published_is_said(pages: Pages, sent: dict[str, object]) -> None:
    with pages.client() as client:
        answer = client.post(f"{API}/tenants/acme/publish", json=sent)
        assert answer.status_code == 400
        assert answer.json()["error"]["message"]
        assert client.get(f"{API}/tenants/acme").json()["versions"] == []


def test_a_bomb_is_refused(pages: Pages) -> None:
    bomb = packed({**FILES, "bomb": "0" * 200_000_000})
    with pages.client() as client:
        page = client.post("/tenants/acme/publish", files={"archive": ("a.zip", bomb)})
        assert page.status_code == 400
        assert "no more than" in page.text
        long = client.post("/tenants/acme/publish", files={"archive": ("a.zip", bytes(33 * 2**20))})
        assert long.status_code == 413


def test_no_strangers_upload_is_waited_for(pages: Pages) -> None:
    """He announces 30 MB, sends nothing of it, and has his answer."""
    host, _, port = pages.url.removeprefix("http://").rpartition(":")
    head = f"POST {API}/tenants/acme/publish HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(f"{head}Content-Length: {30 * 2**20}\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 401"


def test_a_tenant_is_suspended_and_resumed(pages: Pages) -> None:
    with pages.client() as client:
        assert client.post(f"{API}/tenants/acme/suspend").json()["state"] == "suspended"
        assert "Resume" in client.get("/tenants/acme").text
        assert client.post(f"{API}/tenants/acme/resume").json()["state"] == "active"
    assert pages.done() == [("ann", "tenant suspended", "acme"), ("ann", "tenant resumed", "acme")]


def test_a_tenant_is_removed_by_who_types_its_id(pages: Pages) -> None:
    with pages.client() as client:
        for typed in ({}, {"confirm": "bolt"}, {"confirm": "ACME"}):
            assert client.post("/tenants/acme/remove", data=typed).status_code == 400
            assert client.post(f"{API}/tenants/acme/remove", json=typed).status_code == 400
        assert client.get(f"{API}/tenants/acme/remove").json()["entries"] == 0
        assert client.post("/tenants/acme/remove", data={"confirm": "acme"}).headers["location"] == "/tenants"
        assert client.get("/tenants/acme").status_code == 404
    assert pages.done() == [("ann", "tenant removed", "acme")]


SECRET = "v3ry-s3cret-w0rd"


def test_a_secret_is_kept_and_never_shown(pages: Pages) -> None:
    application.tenants.new_key(pages.fleet.config.keys)
    with pages.client() as client:
        answers = [
            client.post(f"{API}/tenants/acme/secrets/set", json={"name": "crm", "value": SECRET}),
            client.post("/tenants/acme/secrets/set", data={"name": "crm", "value": SECRET}),
            client.post("/tenants/acme/secrets/set", data={"name": SECRET.upper(), "value": SECRET}),
            client.get("/tenants/acme"),
            client.get(f"{API}/tenants/acme"),
            client.get("/audit"),
        ]
        assert [answer.status_code for answer in answers] == [200, 303, 400, 200, 200, 200]
        assert all(SECRET not in answer.text + str(answer.headers) for answer in answers)
        assert '"crm"' in answers[4].text
        assert client.post("/tenants/acme/secrets/remove", data={"name": "crm"}).status_code == 303
        assert client.get(f"{API}/tenants/acme").json()["secrets"] == []
    assert [action for _, action, _ in pages.done()] == ["secret set", "secret set", "secret removed"]


def test_host_names_and_members_are_the_administrators_to_say(pages: Pages) -> None:
    pages.member("acme", Role.ADMIN)
    with pages.client() as ann, pages.client("bob") as bob:
        assert ann.post(f"{API}/tenants/acme/hosts/add", json={"name": "A.example"}).json()["hosts"] == ["a.example"]
        assert ann.post("/tenants/bolt/hosts/add", data={"name": "a.example"}).status_code == 400
        assert ann.post("/tenants/acme/hosts/add", data={"name": "a b"}).status_code == 400
        set_eve = {"user": "eve", "role": "editor"}
        assert ann.post(f"{API}/tenants/acme/members/set", json=set_eve).json()["role"] == "editor"
        assert ann.post("/tenants/acme/members/set", data={"user": "nobody", "role": "editor"}).status_code == 400
        assert ann.post("/tenants/acme/members/set", data={"user": "eve", "role": "owner"}).status_code == 400
        for path in ("hosts/add", "hosts/remove", "members/set", "members/remove", "remove", "migrate"):
            answer = bob.post(f"/tenants/acme/{path}", data={"name": "b.example", "confirm": "acme"} | set_eve)
            assert answer.status_code == 403, path
        assert ann.post(f"{API}/tenants/acme/members/remove", json={"user": "eve"}).json()["removed"] is True
        assert ann.post("/tenants/acme/hosts/remove", data={"name": "a.example"}).status_code == 303


ACTIONS = {
    "publish": Role.EDITOR,
    "versions/1/rollback": Role.EDITOR,
    "profiles/staff/run": Role.RELEASER,
    "profiles/staff/release": Role.RELEASER,
    "suspend": Role.ADMIN,
    "resume": Role.ADMIN,
    "secrets/set": Role.ADMIN,
    "secrets/remove": Role.ADMIN,
}


@pytest.mark.usefixtures("engine")
def test_a_member_may_do_what_the_role_there_allows_and_no_more(pages: Pages) -> None:
    """And nothing at another tenant, whatever he is anywhere else."""
    application.users.change_role(pages.users, "bob", Role.RELEASER)  # at the provider that is nothing in itself
    pages.member("bolt", Role.ADMIN)
    with pages.client("bob") as client:
        for role, (path, least) in itertools.product((None, *Role), ACTIONS.items()):
            if role:
                pages.member("acme", role)
            for start in ("", API):
                status = client.post(f"{start}/tenants/acme/{path}").status_code
                if role is None:
                    assert status == 404, path
                elif not role.includes(least):
                    assert status == 403, (path, role)
                else:
                    assert status not in (401, 403, 500), (path, role)


def test_nothing_is_done_without_a_token_or_from_another_site(pages: Pages) -> None:
    paths = [f"/tenants/acme/{path}" for path in (*ACTIONS, "remove", "hosts/add", "members/set")]
    with pages.client() as client:
        before = client.get(f"{API}/tenants/acme").json()
        for path in (*paths, "/tenants/add"):
            form = {"confirm": "acme", "name": "x.example", "user": "bob", "role": "admin", "id": "new"}
            assert client.post(path, data=form, headers={"x-csrf-token": ""}).status_code == 403
            assert client.post(path, data=form, headers={"origin": "https://evil.example"}).status_code == 403
            assert client.post(path, data=form, headers={"sec-fetch-site": "same-site"}).status_code == 403
            assert client.get(path).status_code != 303
        assert client.get(f"{API}/tenants/acme").json() == before
    assert pages.done() == []


TRICKS = ["acme%2f..%2fbolt", "..%2f..%2fusers", "%00", "acme%00", "ACME", "acme%20", "pbx_provider", "é" * 50]


@pytest.mark.parametrize("id", TRICKS)
def test_ids_with_tricks_are_no_tenants(pages: Pages, id: str) -> None:
    with pages.client() as client:
        for answer in (client.get(f"/tenants/{id}"), client.post(f"/tenants/{id}/suspend")):
            assert answer.status_code in (404, 405)
        assert client.get(f"/tenants/acme/versions/{id}").status_code == 404
        assert client.post(f"/tenants/acme/profiles/{id}/release").status_code in (404, 405)
    assert pages.done() == []
