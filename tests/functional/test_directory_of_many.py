"""The telephones of a provider's tenants: served by one process, their devices set up by the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import ldap3
import pytest
import requests
from product import Connector
from test_directory import serving

CONFIG = """\
control: {{database: '{database}', keys: keys, files: files, cache: cache, domain: pbx.example.com}}
plugins:
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
