"""Phones read the phone book: served alone and by the service, devices added and taken away, asked as phones ask."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Tree

import ldap3
import pytest
from product import Connector
from serving import Serve

PATIENCE = 60


@pytest.fixture
def book(connector: Connector) -> Connector:
    connector("accounts", "add", "1", "--username", "ann")
    connector("phonebook", "add", "--display-name", "Reception", "--phone", "+493023125200", "--label", "VIP=yes")
    connector("phonebook", "add", "--display-name", "Dentist", "--phone", "+498912345", "--account", "1")
    return connector


@contextmanager
def serving(book: Connector, *options: str) -> Iterator[dict[str, str]]:
    """What `directory serve --json` says once it is ready."""
    command = [str(Path(sys.executable).with_name("pbx-connector")), "directory", "serve", "--json", *options]
    process = subprocess.Popen(command, cwd=book.home, env=book.environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def add(book: Connector, *arguments: str) -> dict[str, Any]:
    made: dict[str, Any] = book("directory", "devices", "add", *arguments, "--json").json
    return made


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def names(url: str) -> list[str]:
    return [entry.text or "" for entry in Tree.fromstring(fetch(url)).iter("Name")]


def found(served: dict[str, str], device: dict[str, Any], query: str) -> list[str]:
    with ldap3.Connection(served["ldap"], device["bind_dn"], device["secret"], auto_bind=True) as connection:
        connection.search(device["base_dn"], query, attributes=["cn", "telephoneNumber"])
        return sorted(str(entry.cn) for entry in connection.entries)


def test_a_phone_asks_by_both_ways(book: Connector) -> None:
    with serving(book) as served:
        ann = add(book, "Phone of Ann", "--account", "1", "--format", "yealink")
        hall = add(book, "Hall")
        assert set(ann) >= {"id", "secret", "url", "bind_dn", "base_dn"}
        assert names(ann["url"]) == ["Dentist", "Reception"]
        assert names(hall["url"]) == ["Reception"]
        assert found(served, ann, "(cn=*)") == ["Dentist", "Reception"]
        assert found(served, hall, "(cn=*)") == ["Reception"]
        assert found(served, ann, "(telephoneNumber=+498912345)") == ["Dentist"]
        assert fetch(hall["caller_url"] + "0049%2030%2023125200") == "Reception"
        assert json.loads(fetch(hall["caller_url"] + "%2B493023125200&format=json"))["labels"] == {"VIP": "yes"}
        book("phonebook", "add", "--display-name", "New", "--phone", "11")
        assert names(hall["url"]) == ["New", "Reception"]

        renewed = book("directory", "devices", "rotate", "Hall", "--json").json
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetch(hall["url"])
        assert names(renewed["url"]) == ["New", "Reception"]
        book("directory", "devices", "remove", "Hall")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetch(renewed["url"])
    listed = book("directory", "devices", "list", "--json").json
    assert [(device["name"], device["account"], device["format"]) for device in listed] == [
        ("Phone of Ann", "1", "yealink")
    ]
    assert listed[0]["seen_from"] == "127.0.0.1"


def test_what_is_logged_is_no_result_and_no_secret(book: Connector) -> None:
    command = [str(Path(sys.executable).with_name("pbx-connector")), "directory", "serve", "--json"]
    process = subprocess.Popen(
        command, cwd=book.home, env=book.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    url = json.loads(process.stdout.readline())["http"]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(f"{url}/abcdef-{'hunter' * 4}/book")
    known = add(book, "Hall")["url"]
    process.terminate()
    out, err = process.communicate(timeout=PATIENCE)
    assert out == ""
    assert "a wrong secret" in err
    assert "hunter" not in err
    assert known.startswith(url)
    assert add(book, "Cellar")["url"].startswith("/")  # nothing serves any more


def test_the_service_serves_what_is_configured(book: Connector, serve: Serve) -> None:
    config = book.home / "config.yaml"
    config.write_text(
        "service: {listen: '127.0.0.1:0', log: json}\n"
        "plugins: {directory: {http: '127.0.0.1:0', ldap: '127.0.0.1:0', networks: [127.0.0.0/8]}}\n"
    )
    (book.home / "profiles").mkdir(exist_ok=True)
    serving = serve(config)
    http = serving.wait_for("server started", server="directory-http")["address"]
    ldap = serving.wait_for("server started", server="directory-ldap")["address"]
    assert names(f"{http}/phonebook.xml") == ["Reception"]
    anybody = {"bind_dn": None, "secret": None, "base_dn": "dc=phonebook"}
    assert found({"ldap": ldap}, anybody, "(cn=*)") == ["Reception"]
    assert serving.stop() == 0


def test_what_a_device_gets_is_shown(book: Connector) -> None:
    book("directory", "devices", "add", "Hall", "--region", "DE", "--dial-form", "national", "--outside-line", "0")
    shown = book("directory", "test", "Hall", "0 030 23125200").out
    assert ">003023125200</Telephone>" in shown
    assert "A call from there, looked up as +493023125200" in shown
    assert "Reception\n  VIP: yes" in shown
    tried = book("directory", "test", "Hall", "rec", "--json").json
    assert "Reception" in tried["answer"]
    assert tried["caller"] is None
    assert "Dentist" not in book("directory", "test", "Hall", "e").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "Hall", "--format", "nokia"], "unknown format 'nokia'"),
        (["add", "Hall", "--account", "7"], "no account '7'"),
        (["add", "Hall", "--dial-form", "local"], "there is no dial form local"),
        (["add", "Hall", "--dial-form", "national"], "needs a region"),
        (["add", "Hall", "--region", "de"], "'de' is no region"),
        (["add", "Hall", "--outside-line", "zero"], "'zero' is not what one dials"),
        (["add", "Hall", "--provision", "nokia"], "there is no configuration to print for 'nokia'"),
        (["add", "First"], "there is a device First already"),
        (["rotate", "Cellar"], "there is no device Cellar"),
        (["remove", "Cellar"], "there is no device Cellar"),
    ],
)
def test_mistakes_are_told(book: Connector, arguments: list[str], words: str) -> None:
    book("directory", "devices", "add", "First")
    done = book("directory", "devices", *arguments, code=2)
    assert words in done.err
    assert "hint:" in done.err
    assert len(book("directory", "devices", "list", "--json").json) == 1


@pytest.mark.parametrize(
    ("option", "address", "words"),
    [
        ("--http", "0.0.0.0:0", "unencrypted to other machines"),
        ("--http", "nonsense", "write an address as"),
        ("--ldap", "192.0.2.1:389", "unencrypted to other machines"),
    ],
)
def test_addresses_that_cannot_be(book: Connector, option: str, address: str, words: str) -> None:
    assert words in book("directory", "serve", option, address, code=2).err


def test_a_port_that_is_taken(book: Connector) -> None:
    with serving(book) as served:
        address = served["http"].removeprefix("http://")
        done = book("directory", "serve", "--http", address, code=2)
        assert f"http cannot listen on {address}: Address already in use" in done.err


def test_a_device_list_for_people(book: Connector) -> None:
    assert "no device may ask yet" in book("directory", "devices", "list").out
    made = book("directory", "devices", "add", "Hall", "--provision", "yealink").out
    assert "These addresses begin with that of the directory" in made
    assert "remote_phonebook.data.1.url = /" in made
    assert "Hall  company entries alone  format yealink  never asked" in book("directory", "devices", "list").out
    assert "yealink" in book("directory", "formats").out
