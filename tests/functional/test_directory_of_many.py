"""The telephones of a provider's tenants: served by one process, their devices set up by the command line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import ldap3
import pytest
import requests
import test_web_tenants
from free_port import free_port
from product import Connector
from requests.auth import HTTPDigestAuth
from test_directory import serving

CONFIG = """\
control: {{database: '{database}', keys: keys, files: files, cache: cache, domain: pbx.example.com}}
plugins:
  web: {{listen: '127.0.0.1:0'}}
  directory:
    http: 127.0.0.1:0
    ldap: 127.0.0.1:0
    url: https://pbx.example.com:8443
"""


@pytest.fixture
def provider_of(connector: Connector, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> Connector:
    (connector.home / "config.yaml").write_text(CONFIG.format(database=new_database()))
    connector.environment["PBX_CONNECTOR_CONFIG"] = str(connector.home / "config.yaml")
    connector.environment.pop("PBX_CONNECTOR_STORE", None)
    monkeypatch.setenv("PBX_CONNECTOR_CONFIG", str(connector.home / "config.yaml"))
    monkeypatch.delenv("PBX_CONNECTOR_STORE")
    for id in ("acme", "bolt"):
        connector("tenants", "add", id)
        connector("--tenant", id, "phonebook", "add", "--display-name", f"Reception of {id}", "--phone", "+493011")
    return connector


def add(provider_of: Connector, id: str, *more: str) -> dict[str, Any]:
    made: dict[str, Any] = provider_of("--tenant", id, "directory", "devices", "add", "Hall", "--json", *more).json
    return made


def test_each_telephone_reads_the_phone_book_of_its_tenant(provider_of: Connector) -> None:
    devices = {id: add(provider_of, id) for id in ("acme", "bolt")}
    with serving(provider_of) as served:
        assert served["http"] == "https://pbx.example.com:8443"
        for id, device in devices.items():
            assert device["url"].startswith(f"https://{id}.pbx.example.com:8443/{device['id']}-{device['secret']}/")
            assert device["bind_dn"] == f"uid={device['id']},ou=devices,o={id},dc=phonebook"
            server = ldap3.Server(served["ldap"], get_info=ldap3.NONE)
            with ldap3.Connection(server, device["bind_dn"], device["secret"]) as phone:
                assert phone.bound
                phone.search(device["base_dn"], "(cn=*)", attributes=["cn"])
                assert [entry.cn.value for entry in phone.entries] == [f"Reception of {id}"]
            other = ldap3.Connection(server, device["bind_dn"].replace(f"o={id}", "o=cork"), device["secret"])
            assert not other.bind()
    seen = {id: provider_of("--tenant", id, "directory", "devices", "list").out for id in devices}
    assert all("as ldap" in text or "asked" in text for text in seen.values()), seen


@contextmanager
def pages_of(provider_of: Connector, id: str, host: str = "") -> Iterator[httpx.Client]:
    """A tenant's own pages with its first administrator."""
    path = urlsplit(provider_of("--tenant", id, "web", "setup", "--json").json["setup"]).path
    headers = {"host": host or f"{id}.pbx.example.com"}
    with (
        test_web_tenants.serving(provider_of) as served,
        httpx.Client(base_url=served["url"], headers=headers, timeout=60) as client,
    ):
        token = _token(client.get(path).text)
        typed = {"name": "ann", "new": "correct horse battery", "again": "correct horse battery"}
        assert client.post(path, data=typed | {"csrf_token": token}).status_code == 303
        client.headers["x-csrf-token"] = _token(client.get("/devices").text)
        yield client


def _token(page: str) -> str:
    found = re.search('name="csrf_token" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def test_a_device_made_on_the_pages_of_a_tenant_asks_in_every_way(provider_of: Connector) -> None:
    port = listen_on_free_port(provider_of)
    with pages_of(provider_of, "acme") as pages, serving(provider_of) as served:
        added = pages.post("/api/v1/devices/add", json={"name": "Hall"}).json()
        assert_each_way_leads_to_acme(added, port, served["ldap"])
        rotated = pages.post(f"/api/v1/devices/{added['id']}/rotate").json()
        assert_each_way_leads_to_acme(rotated, port, served["ldap"])


def assert_each_way_leads_to_acme(made: dict[str, Any], port: int, ldap: str) -> None:
    id, secret, told = made["id"], made["secret"], made["access"]
    url, host = urlsplit(told["Phone book"]), {"Host": f"acme.pbx.example.com:{port}"}
    assert url.netloc == host["Host"]
    path = url.path.partition(secret)[2]
    asked: list[tuple[str, HTTPDigestAuth | None, dict[str, str]]] = [
        (url.path, None, host),
        (path, HTTPDigestAuth(id, secret), host),
        (path, HTTPDigestAuth(f"{id}@acme", secret), {}),
    ]
    for at, login, headers in asked:
        answer = requests.get(f"http://127.0.0.1:{port}{at}", auth=login, headers=headers, timeout=60)
        assert (answer.status_code, "Reception of acme" in answer.text) == (200, True), (at, headers)
    assert told["LDAP bind"] == f"uid={id},ou=devices,o=acme,dc=phonebook"
    assert ldap3.Connection(ldap3.Server(ldap, get_info=ldap3.NONE), told["LDAP bind"], secret).bind()


def listen_on_free_port(provider_of: Connector) -> int:
    """For telephones over HTTP, under the name of the provider."""
    port = free_port()
    config = provider_of.home / "config.yaml"
    text = config.read_text().replace("    http: 127.0.0.1:0", f"    http: 127.0.0.1:{port}")
    config.write_text(text.replace("https://pbx.example.com:8443", f"http://pbx.example.com:{port}"))
    return port


def test_what_is_printed_is_right_when_followed(provider_of: Connector) -> None:
    config = provider_of.home / "config.yaml"
    config.write_text(config.read_text().replace("    url: https://pbx.example.com:8443\n", ""))
    with_domain = add(provider_of, "acme")
    config.write_text(config.read_text().replace(", domain: pbx.example.com", ""))
    by_path = provider_of("--tenant", "acme", "directory", "devices", "rotate", "Hall", "--json").json
    assert by_path["url"].startswith(f"/acme/{by_path['id']}-")
    assert with_domain["url"].startswith(f"/acme/{with_domain['id']}-")  # nobody knows where the directory is
    with serving(provider_of, "--http", "127.0.0.1:0") as served:
        answer = requests.get(served["http"] + by_path["url"], timeout=60)
        assert "Reception of acme" in answer.text
        assert urlsplit(served["http"]).netloc
        wrong = requests.get(served["http"] + by_path["url"].replace("/acme/", "/bolt/"), timeout=60)
        assert wrong.status_code == 404


def test_without_a_domain_a_tenant_is_reached_by_its_own_name(provider_of: Connector) -> None:
    config = provider_of.home / "config.yaml"
    config.write_text(config.read_text().replace(", domain: pbx.example.com", ""))
    nowhere = provider_of("--tenant", "acme", "web", "setup")
    assert (urlsplit(nowhere.out).netloc, "tenants hosts add acme NAME" in nowhere.err) == ("ADDRESS", True)
    provider_of("tenants", "hosts", "add", "acme", "phones.acme.example")
    link = provider_of("--tenant", "acme", "web", "setup")
    assert (urlsplit(link.out).hostname, link.err) == ("phones.acme.example", "")
    assert add(provider_of, "acme")["url"].startswith("https://phones.acme.example:8443/")
    assert add(provider_of, "bolt")["url"].startswith("https://pbx.example.com:8443/bolt/")
    with pages_of(provider_of, "acme", host="phones.acme.example") as pages:
        told = pages.post("/api/v1/devices/add", json={"name": "Cellar"}).json()["access"]
    assert told["Phone book"].startswith("https://phones.acme.example:8443/")


def test_one_tenant_alone_is_not_served(provider_of: Connector) -> None:
    assert "leave out --tenant" in provider_of("--tenant", "acme", "directory", "serve", code=2).err


def test_a_tenant_does_not_say_where_the_machine_listens(provider_of: Connector) -> None:
    folder = provider_of.home / "fleet" / "acme"
    (folder / "profiles").mkdir(parents=True)
    profile = "title: Staff\nsource: csv\nsettings: {file: ../staff.csv, key: Id}\nstructure:\n  phonebook:\n"
    (folder / "profiles" / "staff.yaml").write_text(profile + '    - 028pho_bez: "{{Name}}"\n')
    (folder / "staff.csv").write_text("Id;Name\n1;Ann\n")
    said = "plugins:\n  directory:\n    title: Acme\n    http: 0.0.0.0:8088\n    proxies: 0.0.0.0/0\n"
    (folder / "config.yaml").write_text(said)
    refused = provider_of("tenants", "publish", folder.parent, code=2)
    for key, line in (("http", 4), ("proxies", 5)):
        assert f"'plugins.directory.{key}' is the provider's to say, not a tenant's" in refused.out + refused.err
        assert f"config.yaml:{line}:5" in refused.out + refused.err
    (folder / "config.yaml").write_text("plugins:\n  directory:\n    title: Acme\n")
    provider_of("tenants", "publish", folder.parent)
    shown = add(provider_of, "acme", "--provision", "yealink")["provisioning"]
    assert "remote_phonebook.data.1.name = Acme" in shown
