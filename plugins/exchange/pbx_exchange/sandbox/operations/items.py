"""FindItem and GetItem."""

from __future__ import annotations

from itertools import islice

from lxml import etree

from pbx_connector.testing.office.entities import Folder, Item, Right
from pbx_exchange.sandbox.access import Session
from pbx_exchange.sandbox.operations.messages import answer_each
from pbx_exchange.sandbox.operations.paging import read_page, write_paging
from pbx_exchange.sandbox.restrictions import read_item_path, read_restriction, sort_items
from pbx_exchange.sandbox.shapes import WriteItem, compile_shape, read_shape
from pbx_exchange.sandbox.soap import NS, write_success


def find_item(session: Session, body: etree._Element) -> list[str]:
    plain = session.state.habits.plain_items
    write = compile_shape(read_shape(body.find("m:ItemShape", NS)), listing=True, plain=plain)

    def answer(element: etree._Element) -> str:
        folder = session.see_content(session.see_folder(element), Right.READ)
        return _write_page(_select(folder, body), body, write)

    return answer_each("FindItem", body.iterfind("m:ParentFolderIds/*", NS), answer)


def _select(folder: Folder, body: etree._Element) -> list[Item]:
    if body.get("Traversal") != "Shallow":
        return []
    items = list(folder.items.values())
    restriction = body.find("m:Restriction", NS)
    if restriction is not None:
        matches = read_restriction(restriction, read_item_path)
        items = [item for item in items if matches(item)]
    return sort_items(items, body.find("m:SortOrder", NS))


def _write_page(items: list[Item], body: etree._Element, write: WriteItem) -> str:
    page = read_page(body.find("m:IndexedPageItemView", NS), len(items))
    inner = "".join([write(item) for item in islice(items, page.start, page.stop)])
    return write_success("FindItem", f"<m:RootFolder {write_paging(page)}><t:Items>{inner}</t:Items></m:RootFolder>")


def get_item(session: Session, body: etree._Element) -> list[str]:
    plain = session.state.habits.plain_items
    write = compile_shape(read_shape(body.find("m:ItemShape", NS)), listing=False, plain=plain)

    def answer(element: etree._Element) -> str:
        return write_success("GetItem", f"<m:Items>{write(session.see_item(element))}</m:Items>")

    return answer_each("GetItem", body.iterfind("m:ItemIds/*", NS), answer, "<m:Items/>")
