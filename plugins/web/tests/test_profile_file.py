"""The file of a profile: renamed, copied, deleted, and what becomes of the entries of its runs."""

from __future__ import annotations

import httpx
import pytest
from pbx_web.permissions import Role

from pbx_connector.api import application

from .conftest import PROFILE, Running
from .filled import Filled

FILE = "/profiles/customers/file"


def base_of(client: httpx.Client) -> str:
    return Filled(client.get(FILE).text).value("base")


def run(running: Running) -> int:
    installation = running.server.site.installation
    profile = application.profiles.load(installation, running.profiles / "customers.yaml")
    application.runs.run(installation, profile, running.store, application.runs.RunRequest(), lambda *_: None)
    return running.store.count_entries()


def test_a_profile_that_is_renamed_keeps_its_entries(running: Running) -> None:
    entries = run(running)
    assert entries > 0
    with running.client(Role.EDITOR) as client:
        assert f"{entries} entries" in client.get(FILE).text
        done = client.post("/profiles/customers/rename", data={"name": "clients", "base": base_of(client)})
    assert done.headers["location"] == "/profiles/clients"
    assert not (running.profiles / "customers.yaml").exists()
    text = (running.profiles / "clients.yaml").read_text()
    assert "id: customers\n" in text
    assert text.replace("id: customers\n", "") == PROFILE
    profile = application.profiles.load(running.server.site.installation, running.profiles / "clients.yaml")
    assert profile.id == "customers"


def test_a_copy_is_a_profile_of_its_own(running: Running) -> None:
    (running.profiles / "customers.yaml").write_text("id: clients\n" + PROFILE)
    with running.client(Role.EDITOR) as client:
        done = client.post("/profiles/customers/copy", data={"copy": "second.yaml"})
    assert done.headers["location"] == "/profiles/second"
    assert (running.profiles / "customers.yaml").read_text() == "id: clients\n" + PROFILE
    assert (running.profiles / "second.yaml").read_text() == PROFILE.replace('"Customers"', '"Customers (copy)"')


@pytest.mark.parametrize(("role", "left"), [(Role.EDITOR, True), (Role.RELEASER, False)])
def test_entries_go_with_the_file_only_if_somebody_says_so_who_may(running: Running, role: Role, *, left: bool) -> None:
    entries = run(running)
    with running.client(role) as client:
        data = {"base": base_of(client), "entries": "remove"}
        done = client.post("/profiles/customers/delete", data=data)
    assert done.headers["location"] == "/"
    assert not (running.profiles / "customers.yaml").exists()
    assert running.store.count_entries() == (entries if left else 0)


def test_entries_stay_unless_somebody_says_otherwise(running: Running) -> None:
    entries = run(running)
    with running.client(Role.ADMIN) as client:
        client.post("/profiles/customers/delete", data={"base": base_of(client)})
    assert running.store.count_entries() == entries


@pytest.mark.parametrize("what", ["rename", "delete"])
def test_a_file_that_somebody_changed_meanwhile_stays(running: Running, what: str) -> None:
    with running.client(Role.EDITOR) as client:
        base = base_of(client)
        (running.profiles / "customers.yaml").write_text(PROFILE + "# changed\n")
        refused = client.post(f"/profiles/customers/{what}", data={"name": "clients", "base": base})
    assert refused.status_code == 409
    assert (running.profiles / "customers.yaml").read_text() == PROFILE + "# changed\n"


@pytest.mark.parametrize("what", ["rename", "copy"])
@pytest.mark.parametrize("name", ["../x", "/etc/x", ".x", "", "a\0", "customers", "customers.yml", "x" * 101, "new"])
def test_no_name_leads_elsewhere_or_overwrites(running: Running, what: str, name: str) -> None:
    with running.client(Role.EDITOR) as client:
        data = {"name": name, "copy": name, "base": base_of(client)}
        refused = client.post(f"/profiles/customers/{what}", data=data)
    assert refused.status_code == 422
    assert 'id="name-error"' in refused.text or 'id="copy-error"' in refused.text
    assert [path.name for path in running.folder.rglob("*.yaml")] == ["customers.yaml"]
    assert (running.profiles / "customers.yaml").read_text() == PROFILE


@pytest.mark.parametrize("what", ["rename", "copy", "delete"])
def test_a_forged_form_is_answered_with_words(running: Running, what: str) -> None:
    with running.client(Role.EDITOR) as client:
        assert client.post(f"/profiles/customers/{what}", data={"base": "???", "name": "a b"}).status_code in (400, 422)
        assert client.post(f"/profiles/none/{what}", data={}).status_code == 404
    assert (running.profiles / "customers.yaml").read_text() == PROFILE


def test_a_profile_that_is_held_says_so_and_is_resumed(running: Running) -> None:
    run(running)
    undone = running.store.undo(next(iter(running.store.runs())).id)
    assert undone.held == "customers"
    with running.client(Role.RELEASER) as client:
        page = client.get("/profiles/customers?tab=automate").text
        assert "It is held" in page
        assert 'action="/profiles/customers/resume"' in page
        client.post("/profiles/customers/resume")
        assert "It is held" not in client.get("/profiles/customers?tab=automate").text
