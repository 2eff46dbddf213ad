"""The page of users: added with a link, changed, kept out, removed; and never without an administrator."""

from __future__ import annotations

import re

import pytest
from pbx_web.app import API
from pbx_web.permissions import Role
from playwright.sync_api import expect

from pbx_connector.api import application

from .conftest import Running, Visit
from .login_support import PASSWORD, Forms, actions, counted, visitor


@pytest.fixture
def office(running: Running) -> Running:
    counted(running)
    running.user(Role.ADMIN)
    return running


def test_who_is_added_gets_a_link(office: Running) -> None:
    with office.client(Role.ADMIN) as client:
        page = client.post("/users/add", data={"name": "Bob", "role": "editor"})
        found = re.search(r"http://\S+/setup/[\w-]+", page.text)
        assert found
        assert found[0] not in client.get("/users").text + client.get("/users/bob").text
    path = found[0].removeprefix(office.url)
    with visitor(office) as client:
        form = Forms(client.get(path).text).form(path)
        assert client.post(path, data=form | {"new": PASSWORD, "again": PASSWORD}).status_code == 303
        assert client.get("/").status_code == 200
    assert actions(office)[0] == ("admin", "user added", "bob")


def test_programs_do_the_same(office: Running) -> None:
    with office.client(Role.ADMIN) as client:
        made = client.post(f"{API}/users/add", json={"name": "bob", "role": "reader", "personal": "yes"}).json()
        assert made["user"]["personal"] is True
        assert client.post(f"{API}/users/bob/change", json={"role": "releaser"}).json()["role"] == "releaser"
        assert client.post(f"{API}/users/bob/disable").json()["disabled"] is True
        assert client.post(f"{API}/users/bob/link").json()["error"]["hint"].startswith("first: ")
        assert client.post(f"{API}/users/bob/enable").json()["disabled"] is False
        assert client.post(f"{API}/users/bob/link").json()["setup"] != made["setup"]
        assert [user["name"] for user in client.get(f"{API}/users").json()] == ["admin", "bob"]
        assert client.get(f"{API}/users/bob").json()["personal"] is False
        client.post(f"{API}/users/bob/remove")
        assert client.get(f"{API}/users/bob").status_code == 404
        assert client.post(f"{API}/users/bob/remove").status_code == 404
    done = [action for _, action, _ in actions(office)]
    assert done == ["user added", *["user changed"] * 4, "user removed"]


def test_the_last_administrator_stays(office: Running) -> None:
    with office.client(Role.ADMIN) as client:
        for what, fields in (("disable", {}), ("remove", {}), ("change", {"role": "reader"})):
            answer = client.post(f"/users/admin/{what}", data=fields)
            assert answer.status_code == 400
            assert "nobody would be left who may administer" in answer.text
        assert client.get("/users").status_code == 200


def test_what_cannot_be_is_said_at_the_form(office: Running) -> None:
    with office.client(Role.ADMIN) as client:
        for fields in ({"name": "a b", "role": "editor"}, {"name": "bob", "role": "root"}, {"name": "admin"}):
            answer = client.post("/users/add", data=fields)
            assert answer.status_code == 400
            assert 'role="alert"' in answer.text
            assert f'value="{fields["name"]}"' in answer.text
    assert len(office.store.users()) == 1


def test_many_users_are_shown_page_by_page(office: Running) -> None:
    for number in range(120):
        application.users.add_user(office.store, f"u{number:03}", Role.READER)
    with office.client(Role.ADMIN) as client:
        first = client.get("/users").text
        assert "u098" in first
        assert "u099" not in first
        assert 'href="/users?after=u098"' in first
        assert "u099" in client.get("/users?after=u098").text


def test_a_name_with_signs_has_a_page_of_its_own(office: Running) -> None:
    name = application.users.add_user(office.store, "änn+x@example.org", Role.READER).name
    with office.client(Role.ADMIN) as client:
        found = re.search(r'href="(/users/[^"]+)"[^>]*><bdi>änn', client.get("/users").text)
        assert found
        assert f"<bdi>{name}</bdi>" in client.get(found[1]).text
        assert client.post(f"{found[1]}/change", data={"role": "editor"}).headers["location"] == found[1]


def test_it_is_done_in_a_browser(office: Running, visit: Visit) -> None:
    page = visit(Role.ADMIN, permissions=["clipboard-read", "clipboard-write"]).page()
    page.goto("/users")
    page.get_by_label("Name").fill("bob")
    page.get_by_label("Role").select_option("releaser")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Copy Link").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#link").inner_text()
    page.get_by_role("link", name="To the user").click()
    expect(page.locator("h1")).to_have_text("bob")
    page.get_by_role("button", name="Keep out").click()
    page.get_by_role("button", name="Let in again").click()
    page.get_by_role("button", name="Remove").click()
    if page.get_by_role("dialog").count():
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    page.wait_for_url("**/users")
    assert [user.name for user in office.store.users()] == ["admin"]
