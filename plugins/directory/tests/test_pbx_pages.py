"""The pages of phone systems: what they say to type is tried against the running server by a client that asks as that
phone system does."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as Tree

import pytest
import requests

from pbx_connector.api import Content, Exporter, Store
from pbx_connector.plugins import Plugins

from .test_web import Served, serving

DOCS = Path(__file__).resolve().parents[3] / "docs/phones"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}
SNIPPETS = {
    kind: snippet
    for text in PAGES.values()
    for kind, snippet in re.findall(r"<!-- pbx: (\S+) -->\n```\w+\n(.*?)```\n", text, re.DOTALL)
}
KNOWN, NUMBER, NOBODY = "Meier & Söhne, Bau", "+493023125200", "+493023125299"

Client = Callable[[str, str], str]
"""Given what was configured and a number, the name that is shown."""


def get(url: str) -> requests.Response:
    answer = requests.get(url, timeout=100)
    assert answer.status_code == 200
    return answer


def freepbx(configuration: str, number: str) -> str:
    said = dict(re.findall(r"^(\w+) = (.*)$", configuration, re.MULTILINE))
    query = said["Query"].replace("[NUMBER]", quote(number, safe=""))
    return get(f"http://{said['Host']}:{said['Port']}/{said['Path']}?{query}").text


def asterisk(configuration: str, number: str) -> str:
    name, vip = re.findall(r"\$\{CURL\((.*)\)\}\)$", configuration, re.MULTILINE)
    encoded = quote(number, safe="")
    labelled = get(vip.replace("${URIENCODE(${CALLERID(num)})}", encoded)).text
    assert labelled == ("yes" if number == NUMBER else "")
    return get(name.replace("${URIENCODE(${CALLERID(num)})}", encoded)).text


def freeswitch(configuration: str, number: str) -> str:
    """It puts the number into the address as it is, its plus sign, too."""
    parameters = Tree.fromstring(f"<settings>{configuration}</settings>").iter("param")
    values = {one.attrib["name"]: one.attrib["value"] for one in parameters}
    return get(values["url"].replace("${caller_id_number}", number)).text


def threecx(configuration: str, number: str) -> str:
    template = Tree.fromstring(get(configuration.strip()).content)
    default, request = template.find("Parameters/Parameter"), template.find("Scenarios/Scenario/Request")
    assert default is not None
    assert request is not None
    url = request.attrib["Url"].replace("[Url]", default.attrib["Default"]).replace("[Number]", quote(number, safe=""))
    contacts = get(url).json()["contacts"]
    return str(contacts[0]["last_name"]) if contacts else ""


def imported(configuration: str, number: str) -> str:
    rows = csv.DictReader(io.StringIO(get(configuration.strip()).content.decode("utf-8")))
    return next((row["displayname"] for row in rows if row["phone"] == number), "")


def wazo(configuration: str, number: str) -> str:
    said = dict(re.findall(r"^(\w+): (.*)$", configuration, re.MULTILINE))
    assert said["lookup_url"] == said["list_url"]
    return imported(said["lookup_url"], number)


CLIENTS: Mapping[str, tuple[Client, str, str]] = {
    "freepbx": (freepbx, "yealink", "Meier & Söhne Bau"),
    "asterisk": (asterisk, "yealink", "Meier & Söhne Bau"),
    "freeswitch": (freeswitch, "yealink", "Meier & Söhne Bau"),
    "3cx": (threecx, "yealink", KNOWN),
    "pascom": (imported, "csv", KNOWN),
    "yeastar": (imported, "csv", KNOWN),
    "wazo": (wazo, "csv", KNOWN),
}
"""How each asks, the format of its device, and how the name is shown: look-ups have no commas."""


@pytest.fixture(scope="module")
def exporters() -> Mapping[str, Exporter]:
    return Plugins().exporters


@pytest.fixture
def served(store: Store, exporters: Mapping[str, Exporter]) -> Iterator[Served]:
    store.add_entry(Content(None, {"display_name": KNOWN, "phone": NUMBER}, {"VIP": "yes"}))
    store.add_entry(Content("1", {"display_name": "Private", "phone": "+498912345"}))
    yield from serving(store, exporters=exporters)


@pytest.mark.parametrize("kind", sorted(SNIPPETS))
def test_a_phone_system_that_is_set_up_like_that_shows_names(served: Served, kind: str) -> None:
    client, format, shown = CLIENTS[kind]
    made = served.device(kind, format=format)
    token = f"{made.device.id}-{made.secret}"
    host, _, port = served.url.removeprefix("http://").partition(":")
    configuration = SNIPPETS[kind].replace("ID-SECRET", token)
    configuration = configuration.replace("pbx.example.com", host).replace("8088", port)
    assert client(configuration, NUMBER) == shown
    assert client(configuration, NOBODY) == ""
    assert client(configuration, "+498912345") == ""


def test_every_phone_system_has_a_page() -> None:
    assert set(SNIPPETS) == set(CLIENTS)
