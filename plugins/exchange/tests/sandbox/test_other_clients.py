"""What other clients ask for than exchangelib does: MAPI properties, folder restrictions, ids in other notations.

DavMail reads contacts by MAPI properties alone, and knows an item's id by its length.
"""

from __future__ import annotations

import base64

import pytest
from lxml import etree
from pbx_exchange.sandbox import Sandbox
from pbx_exchange.sandbox.soap import NS

from .conftest import Client

CUSTOMERS = "Company Contacts/Customers"


def shape(*paths: str) -> str:
    return f"<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>{''.join(paths)}</t:AdditionalProperties>"


def tag(number: str, kind: str = "String") -> str:
    return f'<t:ExtendedFieldURI PropertyTag="{number}" PropertyType="{kind}"/>'


def named(number: int) -> str:
    return f'<t:ExtendedFieldURI DistinguishedPropertySetId="Address" PropertyId="{number}" PropertyType="String"/>'


KEYWORDS = (
    '<t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="Keywords"'
    ' PropertyType="StringArray"/>'
)


def equal_to(path: str, value: str) -> str:
    constant = f'<t:FieldURIOrConstant><t:Constant Value="{value}"/></t:FieldURIOrConstant>'
    return f"<m:Restriction><t:IsEqualTo>{path}{constant}</t:IsEqualTo></m:Restriction>"


def get_item(client: Client, item_id: str, *paths: str) -> etree._Element:
    ids = f'<m:ItemIds><t:ItemId Id="{item_id}"/></m:ItemIds>'
    return client.post(f"<m:GetItem><m:ItemShape>{shape(*paths)}</m:ItemShape>{ids}</m:GetItem>")


def extended_values(answer: etree._Element) -> list[str]:
    return [str(text) for text in answer.xpath("//t:ExtendedProperty//t:Value/text()", namespaces=NS)]


def test_contacts_by_mapi_properties(client: Client, sandbox: Sandbox) -> None:
    item = sandbox.state.find(DisplayName="José Ñandú")
    asked = ("0x3001", "0x3A11", "0x3a08", "0x3a45", "0x3a44", "0x1a")
    told = extended_values(get_item(client, item.id, *(tag(number) for number in asked)))
    assert told == ["José Ñandú", "Ñandú", "+1 202 555 0110", "Dr.", "María", "IPM.Contact"]


def test_named_and_computed_mapi_properties(client: Client, sandbox: Sandbox) -> None:
    anna = sandbox.state.find(DisplayName="Anna Berg")
    told = get_item(client, anna.id, named(0x8083), KEYWORDS, tag("0x36", "Integer"), tag("0x3008", "SystemTime"))
    assert extended_values(told)[:3] == ["anna.berg@example.com", "Staff", "0"]
    jose = sandbox.state.find(DisplayName="José Ñandú")
    assert extended_values(get_item(client, jose.id, tag("0x36", "Integer"))) == ["2"]
    place = sandbox.state.find(DisplayName="<Ümläut> & Söhne; „Anführung“")
    assert extended_values(get_item(client, place.id, named(0x8046), tag("0x3a59"))) == ["München"]


def test_mapi_properties_are_written(client: Client, sandbox: Sandbox) -> None:
    item = sandbox.state.find(DisplayName="José Ñandú")
    new = f"<t:ExtendedProperty>{tag('0x3a1c')}<t:Value>+49 171 39200 55</t:Value></t:ExtendedProperty>"
    many = (
        f"<t:ExtendedProperty>{KEYWORDS}<t:Values><t:Value>A</t:Value><t:Value>B</t:Value></t:Values>"
        "</t:ExtendedProperty>"
    )
    updates = (
        f"<t:SetItemField>{tag('0x3a1c')}<t:Contact>{new}</t:Contact></t:SetItemField>"
        f"<t:SetItemField>{KEYWORDS}<t:Contact>{many}</t:Contact></t:SetItemField>"
        f"<t:DeleteItemField>{tag('0x3a44')}</t:DeleteItemField>"
    )
    answer = client.post(
        f'<m:UpdateItem ConflictResolution="AlwaysOverwrite"><m:ItemChanges><t:ItemChange><t:ItemId Id="{item.id}" '
        f'ChangeKey="{item.change_key}"/><t:Updates>{updates}</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>'
    )
    assert answer.findtext(".//m:ResponseCode", None, NS) == "NoError"
    assert item.values["PhoneNumbers_MobilePhone"] == "+49 171 39200 55"
    assert item.values["Categories"] == ("A", "B")
    assert "MiddleName" not in item.values


def find_folders(client: Client, restriction: str) -> etree._Element:
    asked = shape(tag("0x3613"), tag("0x360a", "Boolean"), '<t:FieldURI FieldURI="folder:DisplayName"/>')
    return client.post(
        f'<m:FindFolder Traversal="Shallow"><m:FolderShape>{asked}</m:FolderShape>'
        f'<m:IndexedPageFolderView MaxEntriesReturned="1" Offset="0" BasePoint="Beginning"/>{restriction}'
        f'<m:ParentFolderIds><t:DistinguishedFolderId Id="publicfoldersroot"/></m:ParentFolderIds></m:FindFolder>'
    )


@pytest.mark.parametrize("path", ['<t:FieldURI FieldURI="folder:DisplayName"/>', tag("0x3001")])
def test_folders_are_found_by_name(client: Client, path: str) -> None:
    found = find_folders(client, equal_to(path, "company contacts"))
    assert found.findtext(".//t:DisplayName", None, NS) == "Company Contacts"
    assert extended_values(found) == ["IPF.Contact", "true"]
    assert find_folders(client, equal_to(path, "nowhere")).find(".//t:ContactsFolder", NS) is None


def test_a_property_that_no_query_knows(client: Client) -> None:
    answer = find_folders(client, equal_to('<t:FieldURI FieldURI="folder:PermissionSet"/>', "x"))
    assert answer.findtext(".//m:ResponseCode", None, NS) == "ErrorUnsupportedPathForQuery"


def convert(client: Client, form: str, text: str, target: str) -> etree._Element:
    source = f'<t:AlternateId Format="{form}" Id="{text}" Mailbox="unknown@example.com"/>'
    return client.post(f'<m:ConvertId DestinationFormat="{target}"><m:SourceIds>{source}</m:SourceIds></m:ConvertId>')


def test_ids_in_other_notations_and_their_owner(client: Client, sandbox: Sandbox) -> None:
    folder = sandbox.state.contacts("anna.berg@example.com")
    there = convert(client, "EwsId", folder.id, "HexEntryId").find(".//m:AlternateId", NS)
    assert there.get("Mailbox") == "anna.berg@example.com"
    assert bytes.fromhex(there.get("Id")) == base64.b64decode(folder.id)
    back = convert(client, "HexEntryId", there.get("Id"), "EwsId").find(".//m:AlternateId", NS)
    assert back.get("Id") == folder.id
    nothing = convert(client, "EwsId", "garbage", "OwaId")
    assert nothing.findtext(".//m:ResponseCode", None, NS) == "ErrorInvalidIdMalformed"


def test_ids_are_as_long_as_real_ones(sandbox: Sandbox) -> None:
    folder = sandbox.state.folder(CUSTOMERS)
    assert len(folder.id) == 120
    assert {len(item.id) for item in folder.items.values()} == {152}
