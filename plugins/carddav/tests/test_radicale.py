"""What the source reads from a real server: the company's books, those of accounts, and what changed in them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pbx_connector.api import Account, Book, BookGone, BookUnknown, End, Gone, Row, Skipped, Unreadable

from .conftest import Office, items_of, rows_of, the_book
from .radicale import PASSWORD, SERVICE, Radicale, card


def names(office: Office, **changes: object) -> dict[str, list[str]]:
    found = office.rows(**changes)
    return {title: sorted(str(row.values["DisplayName"]) for row in rows) for title, rows in found.items()}


@pytest.mark.parametrize("path", ["", "/", "/pbx/", "/pbx", "/pbx/customers/", "/pbx/customers"])
def test_the_books_are_found_from_any_address_that_leads_there(radicale: Radicale, office: Office, path: str) -> None:
    radicale.put(radicale.book(SERVICE, "customers", "Customers"), card("Anna Berg"))
    assert names(office, url=radicale.url + path) == {"Customers": ["Anna Berg"]}


def test_books_are_chosen_by_name_or_address(radicale: Radicale, office: Office) -> None:
    for slug, name in (("a", "Customers"), ("b", "Suppliers"), ("old", "Former")):
        radicale.put(radicale.book(SERVICE, slug, name), card("Anna Berg"))
    assert set(names(office, company={"include": ["Customers", "b"]})) == {"Customers", "Suppliers"}
    assert set(names(office, company={"exclude": ["old", "suppl*"]})) == {"Customers"}


def test_a_pattern_that_matches_nothing_is_told(radicale: Radicale, office: Office) -> None:
    radicale.book(SERVICE, "a", "Customers")
    with office.open(company={"include": ["Costumers"]}) as source:
        (warning,) = source.books()
    assert (warning.code, warning.hint) == ("D0403", "did you mean /Customers?")  # type: ignore[union-attr]


def test_each_account_gets_its_own_books_by_the_log_in_of_the_profile(radicale: Radicale, office: Office) -> None:
    for owner, name in (("ada", "Anna Berg"), ("bob", "Ben Adler")):
        radicale.put(radicale.book(owner, "private", "Private"), card(name))
    office.accounts = [Account("1", "ada"), Account("2", "bob"), Account("3", "carl"), Account("4", "door")]
    personal = {"url": radicale.url + "/{username}/", "skip_accounts": ["4"]}
    with office.open(company=False, personal=personal) as source:
        found = {book.title: (book.account, rows_of(source, book)) for book in source.books() if isinstance(book, Book)}
    assert {title: account for title, (account, _) in found.items()} == {"ada: Private": "1", "bob: Private": "2"}
    ((row,), *_) = [rows for _, rows in found.values()]
    assert (row.values["DisplayName"], row.values["local_id"]) == ("Anna Berg", "1")


def test_an_account_may_have_a_password_of_its_own(radicale: Radicale, office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "passwords"
    folder.mkdir()
    for name, text in (("ada", f"{PASSWORD}\n"), ("2", f"bob\r\n{PASSWORD}"), ("carl", "wrong")):
        (folder / name).write_text(text)
    for owner, contact in (("ada", "Anna Berg"), ("bob", "Ben Adler")):
        radicale.put(radicale.book(owner, "private", "Private"), card(contact))
    office.accounts = [Account("1", "ada"), Account("2", "robert"), Account("3", "carl"), Account("4", "nobody")]
    with office.open(company=False, personal={"passwords": str(folder)}, username=None, password=None) as source:
        found = list(source.books())
        rows = [row.values["DisplayName"] for book in found if isinstance(book, Book) for row in rows_of(source, book)]
        unknown = [one for one in found if isinstance(one, BookUnknown)]
        assert isinstance(source.look(Book("personal:4:/x/", "x", "personal", "4")), BookGone)
    assert rows == ["Anna Berg", "Ben Adler"]
    assert [(one.book.account, one.problem.code) for one in unknown] == [("3", "D0201")]


def test_a_wrong_folder_of_passwords_takes_nothing_away(radicale: Radicale, office: Office, tmp_path: Path) -> None:
    office.accounts = [Account("1", "ada")]
    settings = {"company": False, "personal": {"passwords": str(tmp_path / "none")}}
    with office.open(**settings, username=None, password=None) as source:
        (unknown,) = source.books()
        assert isinstance(unknown, BookUnknown)
        assert unknown.problem.code == "D0204"
        assert isinstance(source.look(Book("personal:1:/ada/x/", "x", "personal", "1")), BookUnknown)


def test_groups_are_left_out_and_counted_and_what_is_no_card_is_named(radicale: Radicale, office: Office) -> None:
    book = radicale.book(SERVICE, "a", "A")
    radicale.put(book, card("Anna Berg"))
    radicale.put(
        book, card("Friends", "X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:anna-berg")
    )
    radicale.put(book, card("All", "KIND:group", version="4.0"))
    with office.open() as source:
        items = items_of(source, the_book(source))
    assert sorted(item.reason for item in items if isinstance(item, Skipped)) == ["contact group"] * 2
    assert [item.key for item in items if isinstance(item, Row)] == ["anna-berg.vcf"]
    assert not [item for item in items if isinstance(item, Unreadable)]


def test_only_what_changed_is_read_again(radicale: Radicale, office: Office) -> None:
    book = radicale.book(SERVICE, "a", "A")
    for name in ("Anna Berg", "Ben Adler", "Cy Young"):
        radicale.put(book, card(name))
    with office.open() as source:
        found = the_book(source)
        *_, end = items_of(source, found)
        assert isinstance(end, End)
        assert end.full
        assert items_of(source, found, end.checkpoint) == [End(end.checkpoint, full=False)]
        (book / "anna-berg.vcf").unlink()
        radicale.put(book, card("Ben Adler", "NOTE:new"))
        radicale.put(book, card("Dora Staff"))
        *items, last = items_of(source, found, end.checkpoint)
        assert isinstance(last, End)
        assert not last.full
        assert {item.key for item in items if isinstance(item, Row)} == {"ben-adler.vcf", "dora-staff.vcf"}
        assert [item.key for item in items if isinstance(item, Gone)] == ["anna-berg.vcf"]
        assert list(source.confirm_gone(found, ["anna-berg.vcf", "cy-young.vcf"])) == ["anna-berg.vcf"]


def test_names_of_files_may_have_any_letter(radicale: Radicale, office: Office) -> None:
    book = radicale.book(SERVICE, "a b", "A")
    keys = ["ä ö@x.vcf", "50%25.vcf", "a&b+c.vcf", "[x].vcf"]
    for number, key in enumerate(keys):
        radicale.put(book, card("Anna Berg", uid=str(number)), key)
    with office.open() as source:
        found = the_book(source)
        assert {row.key for row in rows_of(source, found)} == set(keys)
        assert list(source.confirm_gone(found, keys)) == []
        for key in keys:
            (book / key).unlink()
        assert set(source.confirm_gone(found, keys)) == set(keys)


def test_an_account_that_the_server_forgets_loses_what_is_really_gone_alone(radicale: Radicale, office: Office) -> None:
    book = radicale.book("ada", "private", "Private")
    radicale.put(book, card("Anna Berg"))
    office.accounts = [Account("1", "ada")]
    settings = {"company": False, "personal": {"url": radicale.url + "/{username}/"}}
    with office.open(**settings) as source:
        found = the_book(source)
    shutil.rmtree(book.parent)
    with office.open(**settings) as source:
        assert list(source.books()) == []
        assert source.look(found) == BookGone(found.id, "the address book is no longer there")
