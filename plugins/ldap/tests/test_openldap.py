"""Books, choice of people, fields and ways in, on OpenLDAP."""

from __future__ import annotations

from pathlib import Path

import pytest
from pbx_ldap.probe import test_connection as probe

from pbx_connector.api import (
    Account,
    AuthenticationFailed,
    Book,
    BookGone,
    End,
    Row,
    SourceContext,
    SourceError,
    Unchanged,
)

from .conftest import Office, items_of, rows_of, the_book
from .openldap import PASSWORD, SUFFIX, OpenLdap, person

BASE = f"ou=customers,{SUFFIX}"
JPEG = "jpegPhoto:: /9j/4AAQSkZJRgABAQ=="


def row_of(office: Office, *fields: str, **changes: object) -> dict[str, object]:
    """The values of the one row that there is."""
    office.fields = frozenset(fields)
    ((row,),) = office.rows(**changes).values()
    return dict(row.values)


# --- which entries, in which books ---------------------------------------------------------------------------------


def test_people_with_numbers_unless_asked_for_others(openldap: OpenLdap, office: Office) -> None:
    openldap.add(person("Anna Berg"), person("No Number", telephoneNumber=[]), person("Only Mobile", mobile="1"))
    assert office.names() == ["Anna Berg", "Only Mobile"]
    assert "No Number" in office.names(without_numbers=True)
    assert office.names(filter="(cn=No*)") == ["No Number"]


def test_a_level_is_no_tree(openldap: OpenLdap, office: Office) -> None:
    openldap.add(f"dn: ou=inner,{BASE}\nobjectClass: organizationalUnit\n", person("Deep", "ou=inner,ou=customers"))
    openldap.add(person("High"))
    assert office.names() == ["Deep", "High"]
    assert office.names(scope="one level") == ["High"]


def test_each_unit_is_a_book_and_what_is_in_none_is_one_more(openldap: OpenLdap, office: Office) -> None:
    openldap.add(person("Cus Tomer"), person("Staff Member", "ou=staff"))
    openldap.add(f"dn: cn=Top Level,{SUFFIX}\nobjectClass: inetOrgPerson\nsn: Level\ntelephoneNumber: 1\n")
    found = {title: len(rows) for title, rows in office.rows(base=SUFFIX, by_unit=True).items()}
    assert found == {f"{SUFFIX}: customers": 1, f"{SUFFIX}: staff": 1, SUFFIX: 1}


def test_a_unit_keeps_its_book_through_a_new_name_and_loses_it_when_it_moves(
    openldap: OpenLdap, office: Office
) -> None:
    openldap.add(person("Staff Member", "ou=staff"))
    with office.open(base=SUFFIX, by_unit=True) as source:
        (book,) = [one for one in source.books() if isinstance(one, Book) and one.title.endswith("staff")]
        openldap.move(f"ou=staff,{SUFFIX}", "ou=people", SUFFIX)
        assert [row.values["DisplayName"] for row in rows_of(source, book)] == ["Staff Member"]
        openldap.move(f"ou=people,{SUFFIX}", "ou=people", BASE)
        assert isinstance(source.look(book), BookGone)


def test_several_parts_are_books_with_titles(openldap: OpenLdap, office: Office) -> None:
    openldap.add(person("Cus Tomer"), person("Staff Member", "ou=staff"))
    books = [{"title": "Customers", "base": BASE}, {"base": f"ou=staff,{SUFFIX}", "filter": "(cn=Nobody)"}]
    found = {title: len(rows) for title, rows in office.rows(base=None, books=books).items()}
    assert found == {"Customers": 1, f"ou=staff,{SUFFIX}": 0}


def test_a_book_that_the_settings_left_out_is_unwanted_not_deleted(openldap: OpenLdap, office: Office) -> None:
    with office.open() as source:
        book = the_book(source)
    with office.open(base=f"ou=staff,{SUFFIX}") as source:
        found = source.look(book)
    assert isinstance(found, BookGone)
    assert found.unwanted


def test_each_account_has_its_own_contacts(openldap: OpenLdap, office: Office) -> None:
    office.accounts = [Account("7", "anna"), Account("8", "ben*"), Account("9", "")]
    openldap.add(f"dn: ou=anna,{BASE}\nobjectClass: organizationalUnit\n", person("A Friend", "ou=anna,ou=customers"))
    personal = {"base": f"ou={{username}},{BASE}"}
    with office.open(company=False, personal=personal) as source:
        (book,) = source.books()
        assert isinstance(book, Book)
        (row,) = rows_of(source, book)
        assert (book.account, row.values["local_id"]) == ("7", "7")
        openldap.delete(f"ou=anna,{BASE}", whole_tree=True)
        assert isinstance(source.look(book), BookGone)


def test_an_attribute_says_whose_contact_it_is_and_a_star_in_a_name_is_a_star(
    openldap: OpenLdap, office: Office
) -> None:
    office.accounts = [Account("7", "anna"), Account("8", "*")]
    openldap.add(person("Of Anna", employeeType="anna"), person("Of Nobody"))
    personal = {"filter": "(employeeType={username})"}
    rows = office.rows(company=False, personal=personal)
    assert {title: len(some) for title, some in rows.items()} == {"anna": 1, "*": 0}


@pytest.fixture
def groups(openldap: OpenLdap) -> str:
    openldap.add(
        person("Anna Berg"),
        person("Ben Adler"),
        person("Cy Young"),
        f"dn: cn=inner,{SUFFIX}\nobjectClass: groupOfNames\nmember: CN=anna  berg, {BASE}\n",
        f"dn: cn=outer,{SUFFIX}\nobjectClass: groupOfNames\nmember: cn=Cy Young,{BASE}\nmember: cn=inner,{SUFFIX}\n"
        f"member: cn=outer,{SUFFIX}\n",
    )
    return f"cn=outer,{SUFFIX}"


def test_members_of_groups_inside_groups(office: Office, groups: str) -> None:
    assert office.names(groups=groups) == ["Anna Berg", "Cy Young"]
    assert office.names(groups=groups, nested_groups=False) == ["Cy Young"]


def test_who_left_a_group_is_gone_and_a_group_that_is_gone_says_nothing(
    openldap: OpenLdap, office: Office, groups: str
) -> None:
    with office.open(groups=groups) as source:
        book = the_book(source)
        keys = {str(row.values["DisplayName"]): row.key for row in rows_of(source, book)}
        openldap.change(f"cn=outer,{SUFFIX}", "member", f"cn=inner,{SUFFIX}")
        assert list(source.confirm_gone(book, list(keys.values()))) == [keys["Cy Young"]]
        openldap.delete(groups)
        with pytest.raises(SourceError, match="the group cn=outer"):
            list(source.confirm_gone(book, list(keys.values())))


# --- changes -------------------------------------------------------------------------------------------------------


def test_what_is_known_is_not_read_again(openldap: OpenLdap, office: Office) -> None:
    openldap.add(person("Anna Berg"), person("Ben Adler"))
    with office.open() as source:
        book = the_book(source)
        known = [(row.key, row.version) for row in rows_of(source, book)]
        openldap.change(f"cn=Ben Adler,{BASE}", "mobile", "+49 170")
        items = items_of(source, book, None, known)
    assert [type(item) for item in items] == [Unchanged, Row, End]


def test_a_change_that_leaves_no_stamp_is_noticed(openldap: OpenLdap, office: Office) -> None:
    openldap.add(person("The Boss"), person("Anna Berg", manager=f"cn=The Boss,{BASE}"))
    office.fields = frozenset({"Manager", "DisplayName"})
    with office.open() as source:
        book = the_book(source)
        rows = rows_of(source, book)
        again = items_of(source, book, None, [(row.key, row.version) for row in rows])
    assert {row.values.get("Manager") for row in rows} == {None, "The Boss"}
    assert all(len(row.version) == 32 for row in rows), "of the values, not of a stamp"
    assert [type(item) for item in again] == [Unchanged, Unchanged, End]


def test_moved_out_of_base_or_filter_is_confirmed_gone(openldap: OpenLdap, office: Office) -> None:
    openldap.add(person("Anna Berg"), person("Ben Adler"), person("Cy Young"))
    with office.open() as source:
        book = the_book(source)
        keys = {str(row.values["DisplayName"]): row.key for row in rows_of(source, book)}
        openldap.move(f"cn=Anna Berg,{BASE}", "cn=Anna Berg", f"ou=staff,{SUFFIX}")
        openldap.change(f"cn=Ben Adler,{BASE}", "telephoneNumber")
        openldap.move(f"cn=Cy Young,{BASE}", "cn=Cyrus Young", BASE)
        gone = set(source.confirm_gone(book, list(keys.values())))
    assert gone == {keys["Anna Berg"], keys["Ben Adler"]}


# --- fields --------------------------------------------------------------------------------------------------------


def test_the_same_person_under_both_kinds_of_names(openldap: OpenLdap, office: Office) -> None:
    numbers = ["+49 1", "+49 2", "+49 3"]
    address = {"street": "Weg 1", "l": "Ulm", "postalCode": "89073"}
    rest = {"givenName": "Anna", "mail": "a@example.test", "o": "ACME"}
    openldap.add(person("Anna Berg", unit="ou=customers", telephoneNumber=numbers, **address, **rest))
    values = row_of(
        office,
        *("telephoneNumber", "otherTelephone", "PhoneNumbers_BusinessPhone", "PhoneNumbers_BusinessPhone2"),
        *("displayName", "DisplayName", "Surname", "o", "CompanyName", "EmailAddresses_EmailAddress1", "FolderPath"),
        *("PhysicalAddresses_Business", "PhysicalAddresses_Business_Text", "CompleteName", "distinguishedName"),
    )
    assert values == {
        "telephoneNumber": "+49 1",
        "otherTelephone": ("+49 2", "+49 3"),
        "PhoneNumbers_BusinessPhone": "+49 1",
        "PhoneNumbers_BusinessPhone2": "+49 2",
        "displayName": "Anna Berg",
        "DisplayName": "Anna Berg",
        "Surname": "Berg",
        "o": "ACME",
        "CompanyName": "ACME",
        "EmailAddresses_EmailAddress1": "a@example.test",
        "FolderPath": "/customers",
        "PhysicalAddresses_Business": {"Street": "Weg 1", "City": "Ulm", "PostalCode": "89073"},
        "PhysicalAddresses_Business_Text": "Weg 1, 89073 Ulm",
        "CompleteName": "Anna Berg",
        "distinguishedName": f"cn=Anna Berg,{BASE}",
    }


def test_any_other_attribute_is_a_field_as_it_is_spelled(openldap: OpenLdap, office: Office) -> None:
    openldap.add(person("Anna Berg", employeeType=["a", "b"], carLicense="M-1", preferredLanguage="de"))
    values = row_of(office, "employeeType", "CARLICENSE", "surname", "noSuchAttribute")
    assert values == {"employeeType": ("a", "b"), "CARLICENSE": "M-1", "surname": "Berg"}


def test_a_second_choice_fills_in_for_the_first(openldap: OpenLdap, office: Office) -> None:
    openldap.add(person("Anna Berg", displayName=[], departmentNumber="42"))
    assert row_of(office, "DisplayName", "Department") == {"DisplayName": "Anna Berg", "Department": "42"}


def test_pictures_and_passwords_are_never_asked_for(openldap: OpenLdap, office: Office) -> None:
    openldap.add(person("Anna Berg", userPassword="s3cret") + JPEG + "\n")
    values = row_of(office, "userPassword", "jpegPhoto", "USERPASSWORD", "Surname")
    assert values == {"Surname": "Berg"}


def test_another_attribute_may_be_the_key(openldap: OpenLdap, office: Office) -> None:
    openldap.add(person("Anna Berg", uid="anna"), person("Ben Adler", uid="ben"))
    with office.open(key="uid") as source:
        book = the_book(source)
        assert sorted(row.key for row in rows_of(source, book)) == ["anna", "ben"]
        openldap.delete(f"cn=Ben Adler,{BASE}")
        assert list(source.confirm_gone(book, ["anna", "ben", "*"])) == ["ben", "*"]


# --- ways in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["ldaps", "starttls"])
def test_the_certificate_is_checked_against_the_file_and_the_name(
    protected: OpenLdap, office: Office, certificates: Path, security: str
) -> None:
    port = protected.tls_port if security == "ldaps" else protected.port
    way = {"security": security, "servers": f"localhost:{port}"}
    ca_file = str(certificates / "ca.pem")
    assert office.names(**way, ca_file=ca_file) == ["Anna Berg"]
    assert office.names(**way, verify=False) == ["Anna Berg"]
    for wrong in ({}, {"ca_file": ca_file, "servers": f"127.0.0.2:{port}"}):
        with pytest.raises(SourceError) as refused:
            office.names(**{**way, **wrong})
        assert refused.value.code in ("L0102", "L0103")
    with pytest.raises(AuthenticationFailed) as refused:
        office.names(**way, ca_file=str(Path(__file__)))
    assert refused.value.code == "L0112"


def test_nobody_reads_what_everybody_may(openldap: OpenLdap, office: Office) -> None:
    openldap.add(person("Anna Berg"))
    assert office.names(username=None, password=None) == ["Anna Berg"]


def test_the_connection_test_goes_step_by_step(
    openldap: OpenLdap, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    openldap.add(person("Anna Berg"))
    checks = list(probe(office.read_settings(), SourceContext()))
    assert [check.step for check in checks] == ["servers", "host name", "connection", "log-in", "directory", BASE]
    assert [check.failed for check in checks] == [False] * 6
    assert checks[-1].detail == "1 entry, changes by comparing"
    monkeypatch.setenv("LDAP_PASSWORD", "wrong")
    *_, last = probe(office.read_settings(), SourceContext())
    assert last.failed
    assert last.step == "log-in"
    assert last.problem is not None
    assert PASSWORD not in repr(last)
    monkeypatch.setenv("LDAP_PASSWORD", PASSWORD)
    *_, last = probe(office.read_settings(base=f"ou=wrong,{SUFFIX}"), SourceContext())
    assert last.problem is not None
    assert last.problem.code == "L0301"
