"""Each fault does to a plain HTTP client what its name says."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest
import requests
from lxml import etree
from pbx_exchange.sandbox import Fault, Sandbox
from pbx_exchange.sandbox.faults import FAULTS
from pbx_exchange.sandbox.soap import NS

from .conftest import Client

SHAPE = "<t:BaseShape>IdOnly</t:BaseShape>"
NAMES = f'{SHAPE}<t:AdditionalProperties><t:FieldURI FieldURI="contacts:DisplayName"/></t:AdditionalProperties>'


@pytest.fixture
def customers(sandbox: Sandbox) -> str:
    return sandbox.state.folder("Company Contacts/Customers").id


def find_items(folder: str, offset: int = 0, size: int = 10) -> str:
    return (
        f'<m:FindItem Traversal="Shallow"><m:ItemShape>{NAMES}</m:ItemShape>'
        f'<m:IndexedPageItemView MaxEntriesReturned="{size}" Offset="{offset}" BasePoint="Beginning"/>'
        f'<m:ParentFolderIds><t:FolderId Id="{folder}"/></m:ParentFolderIds></m:FindItem>'
    )


def read_page(client: Client, folder: str, offset: int = 0, size: int = 10) -> tuple[list[str], int, int]:
    answer = client.post(find_items(folder, offset, size))
    root = answer.find(".//m:RootFolder", NS)
    ids = [str(found) for found in answer.xpath("//t:ItemId/@Id", namespaces=NS)]
    return ids, int(root.get("IndexedPagingOffset")), int(root.get("TotalItemsInView"))


@pytest.mark.parametrize(
    ("name", "status", "header"),
    [
        ("401", 401, ("WWW-Authenticate", 'Basic realm="sandbox"')),
        ("403", 403, ("Connection", None)),
        ("403-close", 403, ("Connection", "close")),
        ("429", 429, ("Retry-After", "7")),
        ("500", 500, ("Retry-After", None)),
        ("503", 503, ("Retry-After", "7")),
    ],
)
def test_the_server_says_no(
    sandbox: Sandbox, client: Client, customers: str, name: str, status: int, header: tuple[str, str | None]
) -> None:
    sandbox.faults.add(Fault(name=name, seconds=7))
    hit, spared = client.send(find_items(customers)), client.send(find_items(customers))
    assert (hit.status_code, hit.headers.get(header[0])) == (status, header[1])
    assert spared.status_code == 200


def test_server_busy_tells_how_long(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="server-busy", seconds=2.5))
    answer = client.send(find_items(customers))
    assert answer.status_code == 500
    assert b'<t:Value Name="BackOffMilliseconds">2500</t:Value>' in answer.content
    assert b"a:ErrorServerBusy" in answer.content


def test_errors_of_the_whole_and_of_its_parts(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="error", code="ErrorMailboxMoveInProgress"))
    sandbox.faults.add(Fault(name="error-200", code="ErrorAccessDenied"))
    sandbox.faults.add(Fault(name="message-error", code="ErrorMailboxStoreUnavailable"))
    whole, polite, part = (client.send(find_items(customers)) for _ in range(3))
    assert (whole.status_code, polite.status_code, part.status_code) == (500, 200, 200)
    assert b"<faultcode" in whole.content
    assert b"<faultcode" in polite.content
    message = etree.fromstring(part.content).find(".//m:FindItemResponseMessage", NS)
    assert message.findtext("m:ResponseCode", None, NS) == "ErrorMailboxStoreUnavailable"


def test_sync_state_is_refused(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="invalid-sync-state"))
    assert b"ErrorInvalidSyncStateData" in client.send(find_items(customers)).content


def test_faults_pick_their_requests(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="500", operation="GetItem"))
    sandbox.faults.add(Fault(name="503", mailbox="anna.berg@example.com"))
    sandbox.faults.add(Fault(name="429", operation="FindItem", skip=1, times=2))
    seen = [client.send(find_items(customers)).status_code for _ in range(4)]
    assert seen == [200, 429, 429, 200]
    assert [fault.name for fault in sandbox.faults.waiting()] == ["500", "503"]


def test_a_short_page_is_honest(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="short-page"))
    ids, offset, total = read_page(client, customers)
    assert (len(ids), offset, total) == (5, 5, 35)


def test_lost_items_are_not(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="lost-items"))
    ids, offset, total = read_page(client, customers)
    assert (len(ids), offset, total) == (9, 10, 35)


def test_duplicate_items_across_pages(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="duplicate-items", times=None))
    first, offset, _ = read_page(client, customers)
    second, next_offset, total = read_page(client, customers, offset)
    assert second[0] == first[-1]
    assert (next_offset, total) == (20, 36)
    assert len(second) == 10


def test_an_item_vanishes_before_it_is_got(sandbox: Sandbox, client: Client, customers: str) -> None:
    ids, _, _ = read_page(client, customers)
    sandbox.faults.add(Fault(name="vanished-item", operation="GetItem"))
    inner = "".join(f'<t:ItemId Id="{found}"/>' for found in ids[:2])
    answer = client.post(f"<m:GetItem><m:ItemShape>{SHAPE}</m:ItemShape><m:ItemIds>{inner}</m:ItemIds></m:GetItem>")
    assert answer.xpath("//m:ResponseCode/text()", namespaces=NS) == ["ErrorItemNotFound", "NoError"]


def test_no_root_folder(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="no-root-folder"))
    answer = client.post(find_items(customers))
    assert answer.findtext(".//m:ResponseCode", None, NS) == "NoError"
    assert answer.find(".//m:RootFolder", NS) is None


def test_a_truncated_answer_is_fine_http_and_broken_xml(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="truncated"))
    answer = client.send(find_items(customers))
    assert answer.status_code == 200
    assert b"<t:Items>" in answer.content
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(answer.content)


def test_garbage(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="garbage"))
    assert b"Proxy" in client.send(find_items(customers)).content


def test_a_web_page_behind_the_answer(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="trailing-page"))
    assert client.send(find_items(customers)).content.endswith(b"</s:Envelope><html><body>Runtime Error</body></html>")


def test_an_end_that_is_none(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="false-end"))
    root = client.post(find_items(customers)).find(".//m:RootFolder", NS)
    assert (root.get("IncludesLastItemInRange"), root.get("IndexedPagingOffset")) == ("true", "10")


def test_illegal_characters(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="illegal-characters"))
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(client.send(find_items(customers)).content)


def test_the_connection_drops_in_the_middle_of_the_body(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="dropped"))
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        client.send(find_items(customers))


def test_a_slow_answer_arrives_whole(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="slow", seconds=0.02))
    started = time.monotonic()
    answer = client.post(find_items(customers))
    assert answer.findtext(".//m:ResponseCode", None, NS) == "NoError"
    assert time.monotonic() - started > 0.3


def test_a_slow_refusal_arrives_whole(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="slow-401", seconds=0.02))
    started = time.monotonic()
    refused = client.send(find_items(customers))
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="sandbox"')
    assert refused.content.endswith(b"</html>")
    assert time.monotonic() - started > 0.2


def test_a_header_without_end_outlasts_a_time_out_for_each_piece(
    sandbox: Sandbox, client: Client, customers: str
) -> None:
    sandbox.faults.add(Fault(name="slow-headers", seconds=0.05))
    ended = threading.Event()

    def ask() -> None:
        client.send(find_items(customers), timeout=2)
        ended.set()

    asking = threading.Thread(target=ask)
    asking.start()
    assert not ended.wait(3)
    sandbox.stop()
    asking.join(timeout=100)
    assert ended.is_set()


def test_silence(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="silent"))
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.send(find_items(customers), timeout=0.3)


def test_stopping_cuts_an_answer_in_the_making(sandbox: Sandbox, client: Client, customers: str) -> None:
    sandbox.faults.add(Fault(name="slow", seconds=5))
    outcome: list[Exception] = []

    def ask() -> None:
        try:
            client.send(find_items(customers))
        except requests.exceptions.RequestException as error:
            outcome.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    while not sandbox.requests.count()["FindItem"]:
        time.sleep(0.01)
    started = time.monotonic()
    sandbox.stop()
    asking.join(timeout=100)
    assert time.monotonic() - started < 50  # the whole answer takes longer
    assert outcome
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", sandbox.port), timeout=1)


def test_an_unknown_fault_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="truncated"):
        Fault(name="earthquake")


def test_every_fault_has_its_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FAULTS if f'"{name}"' not in text] == []
