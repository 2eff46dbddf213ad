"""The HTTP side as phones and phone systems ask it: real requests over loopback."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import io
import re
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from xml.etree import ElementTree as Tree

import pytest
import requests
from pbx_directory.access import Gate
from pbx_directory.formats import known_formats
from pbx_directory.settings import DirectorySettings
from pbx_directory.systems import OneSystem
from pbx_directory.web import Pages
from requests.auth import HTTPDigestAuth

from pbx_connector import listening
from pbx_connector.api import Content, DeviceReader, Exporter, PhoneBook, Store, StoreError, application
from pbx_connector.listening import Listener
from pbx_connector.plugins import Plugins

Made = application.devices.MadeDevice
SETTINGS = DirectorySettings(region="DE", networks=[])


@dataclass
class Served:
    url: str
    store: Store
    failing: bool = False

    def device(self, name: str, account: str | None = None, **options: str) -> Made:
        return application.devices.add_device(self.store, name, account, options)

    def path(self, made: Made, path: str) -> str:
        return f"{self.url}/{made.device.id}-{made.secret}/{path}"


def serving(
    store: Store, settings: DirectorySettings = SETTINGS, exporters: Mapping[str, Exporter] = MappingProxyType({})
) -> Iterator[Served]:
    def held() -> Store:
        if running.failing:
            raise StoreError("the database is unreachable")
        return store

    gate = Gate(DeviceReader(held), settings.trusted)
    systems = OneSystem(PhoneBook(held), gate, settings)
    pages = Pages(systems, settings, known_formats(exporters), lambda: running.url)
    listener = Listener(
        pages.application(), "127.0.0.1:0", None, name="directory http", setting="plugins: directory: http"
    )
    running = Served(f"http://{listener.address}", store)
    listener.start()
    try:
        yield running
    finally:
        listener.stop()
        pages.close()


@pytest.fixture
def served(store: Store) -> Iterator[Served]:
    for account, name, phone in (
        (None, "Zoë & Söhne <GmbH>", "+49 30 23125-0"),
        (None, "Ann Lee", "+493023125201"),
        ("1", "Ann's dentist", "+498912345"),
        ("2", "Bob's lawyer", "+498954321"),
    ):
        labels = {"VIP": "yes", "Department": "Sales"} if name == "Ann Lee" else {}
        store.add_entry(Content(account, {"display_name": name, "phone": phone}, labels))
    yield from serving(store)


def names(response: requests.Response) -> list[str]:
    return [entry.text or "" for entry in Tree.fromstring(response.content).iter("Name")]


def test_a_phone_sees_the_company_and_its_own_account(served: Served) -> None:
    ann, hall = served.device("Phone of Ann", "1"), served.device("Hall")
    response = requests.get(served.path(ann, "phonebook.xml"), timeout=100)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert names(response) == ["Ann Lee", "Ann's dentist", "Zoë & Söhne <GmbH>"]
    assert names(requests.get(served.path(hall, "whatever"), timeout=100)) == ["Ann Lee", "Zoë & Söhne <GmbH>"]


def test_the_same_by_basic_digest_and_post(served: Served) -> None:
    ann = served.device("Phone of Ann", "1")
    login = (ann.device.id, ann.secret)
    url = f"{served.url}/phonebook.xml"
    wanted = requests.get(served.path(ann, ""), timeout=100).content
    assert names(requests.get(url, auth=login, timeout=100)) == ["Ann Lee", "Ann's dentist", "Zoë & Söhne <GmbH>"]
    assert names(requests.get(url, auth=HTTPDigestAuth(*login), timeout=100))[1] == "Ann's dentist"
    assert requests.post(served.path(ann, ""), timeout=100).content == wanted
    assert requests.head(served.path(ann, ""), timeout=100).headers["Content-Length"] == str(len(wanted))


def test_who_has_no_secret_gets_nothing(served: Served) -> None:
    ann = served.device("Phone of Ann", "1")
    refused = requests.get(f"{served.url}/phonebook.xml", timeout=100)
    assert refused.status_code == 401
    assert len(re.findall("Digest|Basic", refused.headers["WWW-Authenticate"])) == 3
    assert requests.get(served.path(ann, "")[:-8] + "aaaaaaa/", timeout=100).status_code == 404
    assert requests.get(f"{served.url}/caller", params={"number": "+493023125201"}, timeout=100).status_code == 401
    wrong = requests.get(f"{served.url}/", auth=(ann.device.id, "wrong"), timeout=100)
    assert wrong.status_code == 401
    application.devices.rotate_device(served.store, ann.device.id)
    assert requests.get(served.path(ann, ""), timeout=100).status_code == 404
    for response in (refused, wrong):
        assert "Ann" not in response.text


def test_guesses_end_in_a_wait(served: Served) -> None:
    for _ in range(10):
        requests.get(f"{served.url}/", auth=("abcdef", "wrong"), timeout=100)
    waits = requests.get(f"{served.url}/", auth=("abcdef", "wrong"), timeout=100)
    assert (waits.status_code, waits.headers["Retry-After"]) == (429, "60")


def test_a_network_without_secrets_sees_the_company(store: Store) -> None:
    store.add_entry(Content(None, {"display_name": "Ann Lee", "phone": "11"}))
    store.add_entry(Content("1", {"display_name": "Secret", "phone": "12"}))
    for served in serving(store, DirectorySettings(networks=["127.0.0.0/8"])):
        assert names(requests.get(f"{served.url}/phonebook.xml", timeout=100)) == ["Ann Lee"]


@pytest.mark.parametrize("number", ["+493023125201", "004930 23125201", "030/23125201", "493023125201"])
def test_a_caller_in_every_form(served: Served, number: str) -> None:
    pbx = served.device("FreePBX", region="DE")
    answer = requests.get(served.path(pbx, "caller"), params={"number": number}, timeout=100)
    assert (answer.status_code, answer.text) == (200, "Ann Lee")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_caller_with_labels_and_one_that_nobody_knows(served: Served) -> None:
    pbx = served.device("FreeSWITCH")

    def ask(**asked: str) -> requests.Response:
        return requests.get(served.path(pbx, "caller"), params=asked, timeout=100)

    found = ask(number="+493023125201", format="json").json()
    assert (found["name"], found["labels"]) == ("Ann Lee", {"VIP": "yes", "Department": "Sales"})
    assert ask(number="+493023125201", label="vip").text == "yes"
    assert ask(number="+493023125201", label="Region").text == ""
    assert ask(number="+493023125200").text == "Zoë & Söhne GmbH"
    for nobody in ("+49301", "", "anonymous", "0" * 500):
        answer = ask(number=nobody)
        assert (answer.status_code, answer.text) == (200, "")
    assert ask(number="+498912345").text == ""  # Ann's own
    assert ask().text == ""


def test_a_call_to_an_account_shows_its_own_names(served: Served) -> None:
    ann = served.device("Phone of Ann", "1")
    answer = requests.get(served.path(ann, "caller"), params={"number": "+498912345"}, timeout=100)
    assert answer.text == "Ann s dentist"


def test_3cx_gets_a_template_that_asks_what_is_answered(served: Served) -> None:
    pbx = served.device("3CX")
    template = Tree.fromstring(requests.get(served.path(pbx, "3cx.xml"), timeout=100).content)
    default = template.find("Parameters/Parameter")
    request = template.find("Scenarios/Scenario/Request")
    assert default is not None
    assert request is not None
    url = request.attrib["Url"].replace("[Url]", default.attrib["Default"])
    contacts = requests.get(url.replace("[Number]", "%2B493023125201"), timeout=100).json()
    paths = [variable.attrib["Path"] for variable in template.iter("Variable")]
    assert paths
    for path in paths:
        part, _, name = path.partition(".")
        assert name in contacts[part][0]
    assert contacts["contacts"][0]["last_name"] == "Ann Lee"
    nobody = requests.get(url.replace("[Number]", "%2B4930999"), timeout=100).json()
    assert nobody == {"contacts": []}


def test_what_is_known_is_not_sent_again(served: Served) -> None:
    ann = served.device("Phone of Ann", "1")
    first = requests.get(served.path(ann, ""), timeout=100)
    again = requests.get(served.path(ann, ""), headers={"If-None-Match": first.headers["ETag"]}, timeout=100)
    assert (again.status_code, again.content) == (304, b"")
    served.store.add_entry(Content(None, {"display_name": "New", "phone": "13"}))
    changed = requests.get(served.path(ann, ""), headers={"If-None-Match": first.headers["ETag"]}, timeout=100)
    assert changed.status_code == 200
    assert "New" in names(changed)


def test_gzip_only_if_asked(served: Served) -> None:
    for number in range(200):
        served.store.add_entry(Content(None, {"display_name": f"Name {number}", "phone": f"+4930{number:07}"}))
    ann = served.device("Phone of Ann", "1")
    plain = requests.get(served.path(ann, ""), headers={"Accept-Encoding": "identity"}, timeout=100)
    assert "Content-Encoding" not in plain.headers
    packed = requests.get(served.path(ann, ""), headers={"Accept-Encoding": "gzip"}, timeout=100, stream=True)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.raw.read()) == plain.content


def test_a_store_that_is_unreachable_is_no_empty_book(served: Served) -> None:
    ann = served.device("Phone of Ann", "1")
    served.failing = True
    for path in ("phonebook.xml", "caller?number=11", "contacts.json?number=11"):
        answer = requests.get(served.path(ann, path), timeout=100)
        assert answer.status_code == 503, path
        assert answer.headers["Retry-After"] == "30"
        assert "Ann" not in answer.text
    served.failing = False
    assert requests.get(served.path(ann, ""), timeout=100).status_code == 200


def raw(served: Served, sent: bytes, within: float = 100.0) -> bytes:
    host, _, port = served.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), within) as connection:
        connection.sendall(sent)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /?" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 414),
        (b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 20000\r\n\r\n" + b"a" * 20_000, 413),
        (b"DELETE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405),
        (b"GET /%00%ff/../../etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 401),
        (b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Digest \xff\r\nConnection: close\r\n\r\n", 401),
    ],
)
def test_what_is_no_request_of_a_phone(served: Served, sent: bytes, status: int) -> None:
    assert int(raw(served, sent).split(b" ", 2)[1]) == status


def test_a_header_without_end_is_hung_up_on(served: Served) -> None:
    host, _, port = served.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 100) as connection, contextlib.suppress(OSError):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 5_000_000)
        answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 400")
    assert requests.get(served.url, timeout=100).status_code == 401


def test_half_a_request_is_hung_up_on(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "REQUEST_WITHIN", 0.5)
    monkeypatch.setattr(listening, "IDLE", 0.5)
    assert raw(served, b"GET / HTTP/1.1\r\nHost: a\r\n") == b""
    assert raw(served, b"") == b""


def test_a_request_that_drips_is_hung_up_on(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "REQUEST_WITHIN", 1.0)
    host, _, port = served.url.removeprefix("http://").partition(":")
    dripped = 0
    with socket.create_connection((host, int(port)), 100) as connection, contextlib.suppress(OSError):
        for dripped in range(200):  # noqa: B007
            connection.sendall(b"X")
            time.sleep(0.05)
    assert dripped < 199


def test_many_idle_connections_disturb_nobody(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "CONNECTIONS_OF_ONE", 600)
    ann = served.device("Phone of Ann", "1")
    host, _, port = served.url.removeprefix("http://").partition(":")
    idle = [socket.create_connection((host, int(port)), 100) for _ in range(500)]
    try:
        assert requests.get(served.path(ann, ""), timeout=100).status_code == 200
    finally:
        for connection in idle:
            connection.close()


def test_one_address_has_so_many_connections(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "CONNECTIONS_OF_ONE", 5)
    host, _, port = served.url.removeprefix("http://").partition(":")
    held = [http.client.HTTPConnection(host, int(port), timeout=100) for _ in range(5)]
    for one in held:
        one.connect()
    time.sleep(0.2)
    with pytest.raises((OSError, http.client.HTTPException)):
        requests.get(served.url, timeout=100)
    held.pop().close()
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        try:
            assert requests.get(served.url, timeout=100).status_code == 401
            break
        except requests.ConnectionError:
            time.sleep(0.05)
    else:
        pytest.fail("a connection that was closed still counts")
    for one in held:
        one.close()


def test_a_slow_reader_keeps_nobody_waiting(served: Served) -> None:
    for number in range(3_000):
        served.store.add_entry(
            Content(None, {"display_name": f"Name {number} " + "x" * 50, "phone": f"+4930{number:07}"})
        )
    ann = served.device("Phone of Ann", "1")
    host, _, port = served.url.removeprefix("http://").partition(":")
    path = served.path(ann, "").removeprefix(served.url)
    slow = []
    for _ in range(20):
        connection = socket.create_connection((host, int(port)), 100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        slow.append(connection)
    answer = requests.get(served.path(ann, "caller"), params={"number": "+493023125201"}, timeout=100)
    assert answer.text == "Ann Lee"
    for connection in slow:
        connection.close()


def test_a_vcard_has_the_uid_of_the_export(store: Store) -> None:
    """Who reads both must not take one person for two."""
    store.add_entry(Content(None, {"display_name": "Ann Lee", "phone": "11"}))
    exporters = Plugins().exporters
    exported = io.StringIO()
    application.exports.write(exporters["vcard"], store, None, exported)
    for served in serving(store, exporters=exporters):
        made = served.device("Address book", format="vcard")
        answered = requests.get(served.path(made, ""), timeout=100).content.decode()
    uid = re.findall("^UID:.*$", exported.getvalue(), re.MULTILINE)
    assert uid
    assert re.findall("^UID:.*$", answered, re.MULTILINE) == uid
