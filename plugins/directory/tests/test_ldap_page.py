"""The page about LDAP: a telephone that is set up as it says finds names, numbers and who calls."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import ldap3
import pytest
from pbx_directory.ldap.attributes import ATTRIBUTES, Holder
from pbx_directory.ldap.server import LdapServer
from pbx_directory.settings import DirectorySettings
from ruamel.yaml import YAML

from pbx_connector.api import Store, ber
from pbx_connector.stores import open_store

from . import ldap_support as ldap
from .ldap_support import Login, serving
from .test_ldap_clients import PATH, lacking

PAGE = (Path(__file__).resolve().parents[3] / "docs/phones/ldap.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- ldap phone: (.*?) -->\n```\w+\n(.*?)```\n", PAGE, re.DOTALL))
HOST, PORT, DN = "192.168.7.5", "1389", "uid=k3x7q9,ou=devices,dc=phonebook"
GERMANY = DirectorySettings(dial_form="national", region="DE", outside_line="0")


@dataclass
class Phone:
    """What a family's configuration says."""

    url: str
    base: str
    user: str
    password: str
    name_filter: str
    number_filter: str
    attributes: list[str]
    sort: tuple[str, ...] = ()


def by_lines(text: str, mark: str) -> dict[str, str]:
    return {key.strip(): value.strip() for key, _, value in (line.partition(mark) for line in text.splitlines())}


def yealink(text: str) -> Phone:
    said = {key.removeprefix("ldap."): value for key, value in by_lines(text, "=").items()}
    assert max(len(said["name_filter"]), len(said["number_filter"])) <= 99
    attributes = said["name_attr"].split() + said["numb_attr"].split()
    url = f"ldap://{said['host']}:{said['port']}"
    filters = said["name_filter"].replace("%", "%*"), said["number_filter"]
    return Phone(url, said["base"], said["user"], said["password"], *filters, attributes)


def snom(text: str) -> Phone:
    said = {each.tag.removeprefix("ldap_"): each.text or "" for each in ElementTree.fromstring(text)}
    attributes = said["name_attributes"].split() + said["number_attributes"].split()
    url = f"ldap://{said['server']}:{said['port']}"
    filters = said["search_filter"].replace("%", "%*"), said["number_filter"]
    return Phone(url, said["base"], said["username"], said["password"], *filters, attributes)


def grandstream(text: str) -> Phone:
    said = by_lines(text, ":")
    attributes = said["LDAP Name Attributes"].split() + said["LDAP Number Attributes"].split()
    url = f"ldap://{said['Server Address']}:{said['Port']}"
    filters = said["LDAP Name Filter"].replace("%", "%*"), said["LDAP Number Filter"]
    return Phone(url, said["Base"], said["User Name"], said["Password"], *filters, attributes)


def gigaset(text: str) -> Phone:
    said = by_lines(text, ":")
    attributes = [value for key, value in said.items() if key.startswith(("Surname", "First", "Phone"))]
    url = f"ldap://{said['LDAP server address']}:{said['Server port']}"
    filters = said["Name filter"].replace("%", "%*"), said["Number filter"]
    return Phone(url, said["LDAP search base"], said["Username"], said["Password"], *filters, [*attributes, "cn"])


def poly(text: str) -> Phone:
    element = ElementTree.fromstring(text).find("dir")
    assert element is not None
    said = {key.removeprefix("dir.corp."): value for key, value in element.items()}
    attributes = [value for key, value in said.items() if re.fullmatch(r"attribute\.\d\.name", key)]
    kinds = [key for key, value in said.items() if value == "phone_number"]
    numbers = [said[key.replace("type", "name")] for key in kinds]
    url = f"{said['address']}:{said['port']}"
    by_number = f"(&{said['filterPrefix']}(|{''.join(f'({name}=%)' for name in numbers)}))"
    by_name = f"(&{said['filterPrefix']}({attributes[0]}=%*))"
    return Phone(url, said["baseDN"], said["user"], said["password"], by_name, by_number, attributes, (attributes[0],))


def linphone(text: str) -> Phone:
    said = by_lines(text, "=")
    asked = said["filter"].replace("%s", "%")
    attributes = [said["name_attribute"], *said["sip_attribute"].split(",")]
    return Phone(said["server"], said["base_object"], said["bind_dn"], said["password"], asked, asked, attributes)


def superfecta(text: str) -> Phone:
    said = by_lines(text, ": ")
    asked = "(|(telephoneNumber=*%)(mobile=*%)(homeTelephoneNumber=*%))"
    return Phone(said["LDAP URL"], said["Base DN"], said["Bind DN"], said["Bind password"], "", asked, ["cn"])


FAMILIES: Mapping[str, Callable[[str], Phone]] = {
    each.__name__: each for each in (yealink, snom, grandstream, gigaset, poly, linphone, superfecta)
}


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("memory:") as store:
        ldap.add(
            store, "Huber Anna", first_name="Anna", last_name="Huber", phone="+498912345670", mobile="+491711234567"
        )
        ldap.add(store, "Meier & Söhne", organisation="Meier & Söhne", phone="+498999998190")
        yield store


@pytest.fixture
def device(store: Store) -> Login:
    return ldap.login(store)


@pytest.fixture
def server(store: Store) -> Iterator[LdapServer]:
    with serving(store, settings=GERMANY) as server:
        yield server


def found(phone: Phone, asked: str) -> list[dict[str, Any]]:
    controls = []
    if phone.sort:
        keys = [ber.element(0x30, ber.octets(key)) for key in phone.sort]
        controls = [("1.2.840.113556.1.4.473", False, ber.element(0x30, *keys))]
    with ldap3.Connection(phone.url, phone.user, phone.password, auto_bind=True) as client:
        client.search(phone.base, asked, attributes=phone.attributes, controls=controls)
        return [dict(entry["raw_attributes"]) for entry in client.response]


def there(text: str, server: LdapServer, device: Login) -> str:
    """What is written for the server of the page, for the one that runs."""
    _, _, port = server.address.rpartition(":")
    placed = text.replace(HOST, "127.0.0.1").replace(PORT, port)
    return placed.replace(DN, device.dn).replace("SECRET", device.secret)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_telephone_that_is_set_up_like_that_finds_names_and_callers(
    server: LdapServer, device: Login, family: str
) -> None:
    phone = FAMILIES[family](there(BLOCKS[family], server, device))
    if phone.name_filter:
        for typed, number in (("hub", b"008912345670"), ("meier", b"008999998190")):
            (row,) = found(phone, phone.name_filter.replace("%", typed))
            assert number in row["telephoneNumber"]
        assert found(phone, phone.name_filter.replace("%", "nobody")) == []
    for calling in ("+498912345670", "08912345670", "008912345670"):
        asked = calling[-7:] if family == "superfecta" else calling
        assert len(found(phone, phone.number_filter.replace("%", asked))) == 1
    assert found(phone, phone.number_filter.replace("%", "08911111111"[-7:])) == []


def test_every_block_belongs_to_a_client() -> None:
    assert set(BLOCKS) == set(FAMILIES)


def test_what_is_typed_on_a_command_line_answers_so(server: LdapServer, device: Login) -> None:
    if shutil.which("ldapsearch", path=PATH) is None:
        lacking("ldapsearch is not installed (apt install ldap-utils)")
    command, shown = re.findall(r"```console\n\$ (ldapsearch[^\n]*)\n(.*?)```", PAGE, re.DOTALL)[0]
    environment = {**os.environ, "PATH": PATH}
    done = subprocess.run(
        shlex.split(there(command, server, device)), capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == shown.strip()


def test_the_configuration_is_one(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    said = YAML(typ="safe", pure=True).load(text)["plugins"]["directory"]
    settings = DirectorySettings.model_validate(said)
    assert (settings.ldap, settings.ldaps, settings.dial_form) == (f"{HOST}:{PORT}", f"{HOST}:1636", "national")
    assert f"configuration ({DirectorySettings().entries})" in PAGE


def test_the_attributes_of_the_page_are_those_of_entries() -> None:
    rows = {line.split("|")[1]: line.split("|")[4].strip() for line in PAGE.splitlines() if line.count("|") == 5}
    told = {name: is_sorted for names, is_sorted in rows.items() for name in re.findall(r"`(\w+)`", names)}
    known = {each.name for each in ATTRIBUTES if each.is_ not in (Holder.FOLDER, Holder.CLASS)}
    assert set(told) == known
    assert {name for name, is_sorted in told.items() if is_sorted == "yes"} == {
        each.name for each in ATTRIBUTES if each.key is not None
    }
