"""Devices, accounts, labels, settings and the audit on pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import httpx
import pytest
from pbx_web.permissions import Role
from pbx_web.server import PagesServer
from pbx_web.settings import LOOPBACK, WebSettings

from pbx_connector.api import Account, Content, PluginContext, application
from pbx_connector.config import ConfigFile
from pbx_connector.plugins import Plugins

from .conftest import Running


@pytest.fixture
def admin(running: Running) -> Iterator[httpx.Client]:
    with running.client(Role.ADMIN) as client:
        yield client


# --- devices -----------------------------------------------------------------------------------------------------


def test_a_device_is_added_with_its_secret_and_addresses_shown_once(running: Running, admin: httpx.Client) -> None:
    form = admin.get("/devices").text
    for name in ("name", "account", "format", "dial_form", "region", "outside_line"):
        assert f'name="{name}"' in form
    data = {"name": "Phone of Ann", "account": "1", "format": "snom", "dial_form": "national", "region": "DE"}
    page = admin.post("/devices/add", data=data)
    [device] = running.store.devices()
    assert (device.name, device.account) == ("Phone of Ann", "1")
    assert device.options == {"format": "snom", "dial_form": "national", "region": "DE"}
    secret = re.search(r"<dt>Secret</dt><dd><code[^>]*>(\w{24})<", page.text)
    assert secret
    assert application.devices.is_secret(device, secret[1])
    assert f"/{device.id}-{secret[1]}/" in page.text
    assert "Copy what you need now" in page.text
    assert "the address of the directory, which is not configured yet" in page.text
    for path in ("/devices", f"/devices/{device.id}", "/api/v1/devices", "/audit"):
        assert secret[1] not in admin.get(path).text
    rotated = admin.post(f"/api/v1/devices/{device.id}/rotate").json()
    assert rotated["access"]["Id and user"] == device.id
    held = running.store.device(device.id)
    assert application.devices.is_secret(held, rotated["secret"])
    assert not application.devices.is_secret(held, secret[1])
    assert admin.post(f"/devices/{device.id}/remove").headers["location"] == "/devices"
    assert running.store.devices() == []
    done = [record.action for record in running.store.audit()]
    assert done[:3] == ["device removed", "device changed", "device added"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": ""}, "a device needs a name"),
        ({"name": "x", "format": "telex"}, "unknown format 'telex'"),
        ({"name": "x", "dial_form": "national"}, "needs a region"),
        ({"name": "x", "account": "99"}, "there is no account '99'"),
    ],
)
def test_a_device_that_cannot_be_is_refused_and_nothing_typed_is_lost(
    running: Running, admin: httpx.Client, data: dict[str, str], message: str
) -> None:
    answer = admin.post("/devices/add", data=data | {"outside_line": "0"})
    assert answer.status_code == 400
    assert message in unescape(answer.text)
    assert 'name="outside_line" type="text" value="0"' in answer.text
    assert running.store.devices() == []
    assert admin.post("/api/v1/devices/add", json=data).json()["error"]["message"]


def test_what_a_device_would_show_is_tried_without_others_private_entries(
    running: Running, admin: httpx.Client
) -> None:
    running.store.add_entry(Content(None, {"display_name": "Ann Lee", "phone": "+49 30 1"}))
    running.store.add_entry(Content("1", {"display_name": "Ann Geheim", "phone": "+49 30 2"}))
    made = application.devices.add_device(running.store, "Phone", "1", {"format": "yealink"})
    page = admin.post(f"/devices/{made.device.id}/try", data={"asked": "ann"}).text
    assert "Ann Lee" in page
    assert "Geheim" not in page
    assert admin.get("/devices/nothing").status_code == 404


# --- accounts and labels -----------------------------------------------------------------------------------------


def test_what_a_device_can_be_told_is_asked_in_german(admin: httpx.Client) -> None:
    german = admin.get("/devices", headers={"accept-language": "de"}).text
    assert all(hint in german for hint in ("Was es liest.", "Wie es wählt.", "etwa DE.", "externen Rufnummer"))
    assert ">Formatieren<" not in german, "a format is meant, no button of the editor"
    assert ">Format<" in german


def test_accounts_are_added_found_and_removed_with_their_entries(running: Running, admin: httpx.Client) -> None:
    data = {"id": "22", "username": "bob", "email": "bob@example.com"}
    assert admin.post("/accounts/add", data=data).headers["location"] == "/accounts"
    wrong = admin.post("/accounts/add", data={"id": "23", "email": "nobody"})
    assert wrong.status_code == 400
    assert "is not an e-mail address" in wrong.text
    assert 'value="nobody"' in wrong.text
    assert "bob" in admin.post("/accounts/find", data={"find": "BOB@"}).text
    assert "ann" not in admin.post("/accounts/find", data={"find": "BOB@"}).text.split("<table")[1].split("</table")[0]
    running.store.add_entry(Content("22", {"display_name": "Friend"}))
    page = admin.get("/accounts/22/remove").text
    assert "1 entry goes with it" in page
    assert "Friend" not in page
    admin.post("/accounts/22/remove")
    assert [account.id for account in running.store.accounts()] == ["1"]
    assert running.store.count_entries() == 0
    assert admin.get("/accounts/22/remove").status_code == 404


def test_a_file_of_accounts_is_looked_at_before_it_is_imported(running: Running, admin: httpx.Client) -> None:
    for number in range(2, 30):
        running.store.add_account(Account(str(number), f"user{number}", ""))
    text = "id,username,email\n1,anna,ann@example.com\n99,new,\n"
    files = {"file": ("accounts.csv", text, "text/csv")}
    page = admin.post("/accounts/import", files=files, data={"remove_missing": "yes"}).text
    assert len(running.store.accounts()) == 29
    assert '<del class="was"><bdi>ann</bdi></del> <ins class="now"><bdi>anna</bdi></ins>' in page
    name = re.search('name="import" value="([^"]+)"', page)
    assert name
    refused = admin.post("/accounts/import/confirm", data={"import": name[1]})
    assert refused.status_code == 409
    assert "28 of 29 accounts would be removed" in refused.text
    assert 'name="remove_at_most"' in refused.text
    assert len(running.store.accounts()) == 29
    with running.client(Role.ADMIN) as same:
        done = same.post("/accounts/import/confirm", data={"import": name[1], "remove_at_most": "28"})
    assert done.headers["location"] == "/accounts"
    assert [account.id for account in running.store.accounts()] == ["1", "99"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"id,username,email\n1,a\n", "accounts.csv:2: 2 columns"),
        (b"id\n\xff\xfe", "is not text in UTF-8"),
        (b"name\n<script>", "accounts.csv:1"),
    ],
)
def test_a_file_that_is_none_is_told_with_its_line(admin: httpx.Client, content: bytes, message: str) -> None:
    answer = admin.post("/accounts/import", files={"file": ("accounts.csv", content, "text/csv")})
    assert answer.status_code == 400
    assert message in unescape(answer.text)
    assert "<script>" not in answer.text


def test_an_import_is_agreed_to_by_whoever_looked_at_it(running: Running, admin: httpx.Client) -> None:
    kept = admin.post("/api/v1/accounts/import", json={"accounts": '[{"id": "5"}]'}).json()["import"]
    assert admin.post("/accounts/import/confirm", data={"import": kept + "x"}).status_code == 400
    assert admin.post("/api/v1/accounts/import/confirm", json={"import": kept}).json()["added"][0]["id"] == "5"


def test_labels_are_added_and_removed_and_one_that_is_carried_stays(running: Running, admin: httpx.Client) -> None:
    running.store.add_entry(Content(None, {"display_name": "Ann"}, {"VIP": "yes"}))
    running.store.add_entry(Content("1", {"display_name": "Friend"}, {"Own": "yes"}))
    assert admin.post("/labels/add", data={"name": "Ring"}).status_code == 303
    assert admin.get("/api/v1/accounts").json()["labels"] == [
        {"name": "Ring", "entries": 0},
        {"name": "VIP", "entries": 1},
    ]
    assert "carries the label VIP" in admin.post("/labels/remove", data={"name": "VIP"}).text
    assert admin.post("/labels/remove", data={"name": "Own"}).status_code == 404
    assert admin.post("/labels/remove", data={"name": "Ring"}).status_code == 303
    assert [label.name for label in running.store.labels()] == ["Own", "VIP"]


# --- settings and audit ------------------------------------------------------------------------------------------


@contextmanager
def served(context: PluginContext, running: Running) -> Iterator[Running]:
    """Pages of their own over the same phone book."""
    server = PagesServer(context, WebSettings(), LOOPBACK)
    server.start()
    try:
        yield Running(running.folder, server, running.store)
    finally:
        server.stop()


def test_settings_say_what_applies_and_where_it_is_said(running: Running, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "mail:\n  host: mail.example.com\n  user: me\n  sender: a@example.com\n  to: b@example.com\n"
        f"  password: {{file: {tmp_path / 'password'}}}\nplugins:\n  web:\n    language: de\n",
        encoding="utf-8",
    )
    (tmp_path / "password").write_text("hunter2", encoding="utf-8")
    environment = {
        "PBX_CONNECTOR_SERVICE_PARALLEL": "3",
        "PBX_CONNECTOR_STORE": "postgresql://me:hunter2@db/book",
    }
    plugins = Plugins()
    read = ConfigFile.read(file, environment)
    installation = application.Installation(plugins.configure(read), plugins, file=read)
    held = running.server.site.context
    context = PluginContext(
        "web",
        installation=lambda: installation,
        store=held.store,
        open_store=held.open_store,
        store_url=lambda: held.store_url,
    )
    with served(context, running) as configured, configured.client(Role.ADMIN) as client:
        said = {one["key"]: one for one in client.get("/api/v1/settings").json()}
        page = client.get("/settings").text
    assert (said["mail.host"]["value"], said["mail.host"]["place"]) == ("mail.example.com", f"{file}:2")
    assert (said["service.parallel"]["value"], said["service.parallel"]["origin"]) == ("3", "environment")
    assert said["service.parallel"]["place"] == "PBX_CONNECTOR_SERVICE_PARALLEL"
    assert (said["service.jitter"]["value"], said["service.jitter"]["origin"]) == ("30s", "default")
    assert said["mail.password"]["value"] is None
    assert said["mail.password"]["secret"] == f"the file {tmp_path / 'password'}"
    assert said["plugins.web.language"] == said["plugins.web.language"] | {"value": "de", "place": f"{file}:9"}
    assert "hunter2" not in page + str(said)


def test_the_audit_is_filtered_and_paged(running: Running, admin: httpx.Client) -> None:
    for number in range(130):
        admin.post("/labels/add", data={"name": f"Label {number}"})
    page = admin.get("/audit").text
    assert page.count('data-label="What"') == 100
    further = re.search(r'rel="next" href="([^"]+)"', page)
    assert further
    assert admin.get(unescape(further[1])).text.count('data-label="What"') >= 30
    assert admin.get("/api/v1/audit?action=log-in failed").json()["records"] == []
    assert len(admin.get("/api/v1/audit?user=admin&action=labels changed").json()["records"]) == 100
    assert admin.get("/api/v1/audit?until=2020-01-01").json()["records"] == []
    wrong = admin.get("/audit?since=yesterday")
    assert wrong.status_code == 400
    assert "&#39;yesterday&#39; is no day" in wrong.text
    assert "Label 1" not in page
