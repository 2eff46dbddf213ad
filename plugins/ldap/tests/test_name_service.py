"""Servers of a domain, found by DNS: a real name server on loopback, which says what each test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from pbx_ldap.servers import addresses
from pbx_ldap.settings import Address, LdapSettings

from pbx_connector.api import SourceUnavailable

from .conftest import Office
from .openldap import OpenLdap


class NameServer:
    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        """SRV records by name."""
        self.silent = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", ("127.0.0.1", self.port))

    def _serve(self) -> None:
        with self._socket as listening:
            while True:
                data, sender = listening.recvfrom(4096)
                if not data:
                    return
                if not self.silent:
                    listening.sendto(self._answer(data), sender)

    def _answer(self, data: bytes) -> bytes:
        asked = dns.message.from_wire(data)
        answer = dns.message.make_response(asked)
        name = asked.question[0].name
        found = self.records.get(name.to_text(omit_final_dot=True))
        if found:
            answer.answer.append(dns.rrset.from_text_list(name, 60, "IN", "SRV", found))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.port
    monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
    yield server
    server.close()


def settings(**changes: object) -> LdapSettings:
    return LdapSettings.model_validate({"domain": "example.test", "timeout": 30, **changes})


def test_domain_controllers_come_before_other_servers_and_in_their_order(names: NameServer) -> None:
    names.records["_ldap._tcp.example.test"] = ["0 0 389 other.example.test."]
    assert addresses(settings()) == [Address("other.example.test")]
    controllers = ["20 1 389 far.example.test.", "10 1 389 small.example.test.", "10 9 389 large.example.test."]
    names.records["_ldap._tcp.dc._msdcs.example.test"] = controllers
    found = [address.host for address in addresses(settings())]
    assert found == ["large.example.test", "small.example.test", "far.example.test"]


def test_a_record_names_the_port_for_starttls_and_not_for_ldaps(names: NameServer) -> None:
    names.records["_ldap._tcp.example.test"] = ["0 0 1389 other.example.test."]
    assert addresses(settings()) == [Address("other.example.test", 0)]
    assert addresses(settings(security="starttls")) == [Address("other.example.test", 1389)]


@pytest.mark.parametrize("silent", [False, True])
def test_a_domain_without_servers_is_said(names: NameServer, silent: bool) -> None:
    names.silent = silent
    with pytest.raises(SourceUnavailable, match="no directory server of") as failed:
        addresses(settings(timeout=1 if silent else 30))
    assert failed.value.code == "L0106"


def test_a_run_goes_where_the_name_service_says(
    names: NameServer, protected: OpenLdap, certificates: Path, office: Office
) -> None:
    names.records["_ldap._tcp.example.test"] = ["5 0 1 localhost.", f"9 0 {protected.port} localhost."]
    way = {"servers": None, "domain": "example.test", "security": "starttls"}
    assert office.names(**way, ca_file=str(certificates / "ca.pem")) == ["Anna Berg"]
