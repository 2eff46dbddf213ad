"""What the tests of many phone systems share: tenants whose ids are all the same, and telephones that ask them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
import trustme
from pbx_directory.ldap.codes import START_TLS
from pbx_directory.server import HttpSide, LdapSide
from pbx_directory.settings import DirectorySettings
from pbx_directory.systems import ManySystems

from pbx_connector.api import Account, Content, Device, Entry, Store, application
from pbx_connector.application import publishing, tenants
from pbx_connector.application.fleet import Fleet
from pbx_connector.application.phone_systems import PhoneSystems
from pbx_connector.stores import RunKind
from pbx_connector.tenants import registry

from . import ldap_support as ldap
from .ldap_support import Client

DOMAIN = "pbx.example.com"
PROFILE = """\
title: Staff
source: csv
settings: {file: ../staff.csv, key: Id, settle: 0}
structure:
  phonebook:
    - 028pho_bez: "{{Name}}"
"""
HALL, ANNS = "hallaa", "annaaa"
"""Ids of devices: of nobody, and of account 1. They are the same in all phone systems."""


def secret_of(tenant: str, device: str) -> str:
    """Of 24 signs as they are drawn."""
    signs = "".join(sign for sign in f"{tenant}{device}" if sign in application.devices.ALPHABET)
    return (signs * 24)[:24]


def token(tenant: str, device: str = HALL) -> str:
    return f"{device}-{secret_of(tenant, device)}"


def host(tenant: str) -> str:
    return f"{tenant}.{DOMAIN}"


class Many:
    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet = fleet
        self.phone_systems = PhoneSystems(fleet)
        self._folder = folder
        self.authority = trustme.CA()
        issued = self.authority.issue_cert(f"*.{DOMAIN}", "127.0.0.1", "localhost")
        issued.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
        self.settings = DirectorySettings(
            http="127.0.0.1:0", ldap="127.0.0.1:0", ldaps="127.0.0.1:0", certificate=str(folder / "server.pem")
        )

    def add(self, id: str, *, store: str = "") -> Store:
        """With an entry of the company and one of account 1, both under the ids that all others have, too."""
        tenants.add(self.fleet, id, title=id.title(), store=store)
        held = self.store(id)
        held.add_account(Account("1", "ann"))
        held.add_entry(Content(None, {"display_name": f"Reception of {id}", "phone": "+4930111"}, {"Of": id}))
        held.add_entry(Content("1", {"display_name": f"Doctor of {id}", "phone": "+4930222"}))
        for device, account in ((HALL, None), (ANNS, "1")):
            self.put_device(id, device, account)
        return held

    def add_entries(self, tenant: str, count: int) -> None:
        fields = [{"display_name": f"{tenant} {at:03}", "phone": f"+49301{at:03}"} for at in range(count)]
        with self.store(tenant).changeset(RunKind.HAND, "a test") as changeset:  # type: ignore[attr-defined]
            changeset.put_entries([Entry(0, Content(None, one)) for one in fields])

    def replace_entries(self, tenant: str, entries: Sequence[Entry]) -> None:
        held = [*self.store(tenant).entries()]
        with self.store(tenant).changeset(RunKind.HAND, "a test") as changeset:  # type: ignore[attr-defined]
            changeset.drop_entries(held)
            changeset.put_entries(entries)

    def put_device(self, tenant: str, device: str, account: str | None = None, **options: str) -> None:
        verifiers = application.devices.verifiers(device, secret_of(tenant, device), tenant)
        self.store(tenant).put_device(Device(device, f"{device} of {tenant}", account, options, verifiers))

    def store(self, id: str) -> Store:
        return self.fleet.open_store(registry.find(self.fleet.control, id))

    def publish(self, id: str, config: str) -> None:
        folder = self._folder / "fleet" / id
        (folder / "profiles").mkdir(parents=True, exist_ok=True)
        (folder / "profiles" / "staff.yaml").write_text(PROFILE)
        (folder / "staff.csv").write_text("Id;Name\n1;Ann\n")
        (folder / "config.yaml").write_text(config)
        for publication in publishing.publications(self.fleet, folder.parent, who="ann"):
            publishing.publish(self.fleet, publication)

    # --- served --------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        from pbx_directory.formats import known_formats

        plain = self.settings.model_copy(update={"certificate": None})
        self.systems = ManySystems(self.phone_systems, "directory")
        self.http = HttpSide(self.systems, known_formats(self.fleet.plugins.exporters), plain, "127.0.0.1:0")
        self.ldap = LdapSide(self.systems, self.settings)
        self.http.start()
        self.ldap.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.stop()
        self.ldap.stop()

    @property
    def url(self) -> str:
        return self.http.urls["http"]

    def get(self, path: str, at: str = "", **more: Any) -> requests.Response:
        """`at` is the host name that the telephone knows; without it, it asks by the address."""
        headers = more.pop("headers", {}) | ({"Host": at} if at else {})
        return requests.get(f"{self.url}/{path}", headers=headers, timeout=60, **more)

    @contextmanager
    def connected(self, server_name: str = "", *, start_tls: bool = False) -> Iterator[Client]:
        """By LDAP; `server_name` is what TLS is told, without it there is no TLS."""
        key = "ldaps" if server_name and not start_tls else "ldap"
        with Client(self.ldap.urls[key].partition("://")[2]) as client:
            if start_tls:
                assert client.ask(ldap.extended(START_TLS)).code == 0
            if server_name:
                context = ssl.create_default_context()
                self.authority.configure_trust(context)
                client.socket = context.wrap_socket(client.socket, server_hostname=server_name)
            yield client


def names(answer: requests.Response) -> list[str]:
    from xml.etree import ElementTree as Tree

    assert answer.status_code == 200, answer.text
    return [entry.text or "" for entry in Tree.fromstring(answer.content).iter("Name")]
