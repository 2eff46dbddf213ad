"""Requests that are none: the sandbox answers with a SOAP fault and goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from lxml import etree
from pbx_exchange.sandbox import Sandbox
from pbx_exchange.sandbox.soap import NS

_START = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
_ENVELOPE = f"<s:Envelope {_START}><s:Body>{{}}</s:Body></s:Envelope>"
_SHAPE = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
_PLACE = '<m:ParentFolderIds><t:DistinguishedFolderId Id="contacts"/></m:ParentFolderIds>'
_BOMB = '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
_FILE = '<!DOCTYPE b [<!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.fixture(scope="module")
def lenient() -> Iterator[Sandbox]:
    """Without the schema: it is broken on purpose here."""
    with Sandbox.start() as running:
        yield running


def post(sandbox: Sandbox, data: str) -> requests.Response:
    return requests.post(sandbox.url, data=data.encode(), auth=(sandbox.email, sandbox.password), timeout=100)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "no XML",
        "<a/>",
        _ENVELOPE.format(""),
        _ENVELOPE.format("<m:FindItem/>"),
        _ENVELOPE.format(f'<m:FindItem Traversal="Shallow">{_SHAPE}</m:FindItem>'),
        _ENVELOPE.format(
            f'<m:FindItem Traversal="Shallow">{_SHAPE}<m:IndexedPageItemView Offset="many" BasePoint="Beginning"/>'
            f"{_PLACE}</m:FindItem>"
        ),
        _ENVELOPE.format(f"<m:SyncFolderItems>{_SHAPE}</m:SyncFolderItems>"),
        _ENVELOPE.format("<m:UpdateItem><m:ItemChanges><t:ItemChange/></m:ItemChanges></m:UpdateItem>"),
        _BOMB + _ENVELOPE.format("<m:GetItem>&b;</m:GetItem>"),
        _FILE + _ENVELOPE.format("<m:GetItem>&b;</m:GetItem>"),
    ],
)
def test_what_cannot_be_read_is_a_schema_fault(lenient: Sandbox, data: str) -> None:
    answer = post(lenient, data)
    fault = etree.fromstring(answer.content).find("s:Body/s:Fault", NS)
    assert answer.status_code == 500
    assert fault.findtext("detail/{*}ResponseCode") == "ErrorSchemaValidation"
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("<m:Unsubscribe/>", "ErrorInvalidOperation"),
        ('<other xmlns="urn:other"/>', "ErrorInvalidRequest"),
    ],
)
def test_operations_that_are_not_there(lenient: Sandbox, data: str, code: str) -> None:
    fault = etree.fromstring(post(lenient, _ENVELOPE.format(data)).content).find("s:Body/s:Fault", NS)
    assert fault.findtext("detail/{*}ResponseCode") == code


@pytest.mark.parametrize(
    ("view", "code"),
    [
        ('Offset="-1" BasePoint="Beginning"', "ErrorInvalidIndexedPagingParameters"),
        ('MaxEntriesReturned="0" Offset="0" BasePoint="Beginning"', "ErrorInvalidPagingMaxRows"),
    ],
)
def test_paging_that_makes_no_sense(lenient: Sandbox, view: str, code: str) -> None:
    body = f'<m:FindItem Traversal="Shallow">{_SHAPE}<m:IndexedPageItemView {view}/>{_PLACE}</m:FindItem>'
    answer = etree.fromstring(post(lenient, _ENVELOPE.format(body)).content)
    assert answer.findtext(".//m:ResponseCode", None, NS) == code


def test_other_addresses_and_methods(lenient: Sandbox) -> None:
    login = (lenient.email, lenient.password)
    assert requests.get(lenient.url, timeout=100).status_code == 401
    assert requests.get(lenient.url, auth=login, timeout=100).status_code == 405
    assert requests.post(f"{lenient.base_url}/owa", auth=login, timeout=100).status_code == 404
    lower = lenient.url.replace("/EWS/Exchange.asmx", "/ews/exchange.asmx")
    assert requests.post(lower, auth=login, timeout=100).status_code == 500
