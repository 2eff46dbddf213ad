"""What is special about Active Directory, on a Samba domain: choice of people, groups, ways to log in, and changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pbx_ldap.directory import Directory
from pbx_ldap.probe import test_connection as probe
from pbx_ldap.wire import messages
from pbx_ldap.wire.entries import Wanted

from pbx_connector.api import AuthenticationFailed, End, Row, SourceContext, SourceUnavailable, StreamItem, ber

from .conftest import Office, items_of, the_book
from .middleman import Middleman, Passing, result
from .samba import PASSWORD, SUFFIX, Samba, contact, user


@pytest.fixture
def unit(samba: Samba) -> str:
    unit = samba.unit()
    samba.add(user("Anna Berg", unit), user("Ben Adler", unit), contact("Cy Young", unit))
    return unit


@pytest.fixture
def base(unit: str) -> str:
    return f"{unit},{SUFFIX}"


# --- which entries -------------------------------------------------------------------------------------------------


def test_people_and_contacts_with_numbers_that_are_not_disabled(
    samba: Samba, domain: Office, unit: str, base: str
) -> None:
    samba.add(
        user("Gone Home", unit, userAccountControl="546"),
        f"dn: cn=No Number,{base}\nobjectClass: contact\ndisplayName: No Number\n",
        f"dn: cn=machine,{base}\nobjectClass: computer\ntelephoneNumber: 1\n",
        contact("Only Mobile", unit, mobile="+49 170"),
    )
    samba.change(f"cn=Only Mobile,{base}", "telephoneNumber")
    assert domain.names(base=base) == ["Anna Berg", "Ben Adler", "Cy Young", "Only Mobile"]
    assert "Gone Home" in domain.names(base=base, disabled=True)
    assert "No Number" in domain.names(base=base, without_numbers=True)


def test_members_of_groups_inside_groups(samba: Samba, domain: Office, base: str) -> None:
    inner, outer = f"cn=Inner,{base}", f"cn=Outer,{base}"
    samba.add(
        f"dn: {inner}\nobjectClass: group\nmember: cn=Anna Berg,{base}\n",
        f"dn: {outer}\nobjectClass: group\nmember: {inner}\nmember: cn=Cy Young,{base}\n",
    )
    assert domain.names(base=base, groups=[outer]) == ["Anna Berg", "Cy Young"]
    assert domain.names(base=base, groups=[outer], nested_groups=False) == ["Cy Young"]


def test_a_primary_group_has_members_although_no_list_says_so(domain: Office, base: str) -> None:
    assert domain.names(base=base, groups=[f"cn=Domain Users,cn=Users,{SUFFIX}"]) == ["Anna Berg", "Ben Adler"]


def test_a_group_that_is_not_there_is_no_empty_one(domain: Office, base: str) -> None:
    with (
        domain.open(base=base, groups=[f"cn=Nobody,{base}"]) as source,
        pytest.raises(SourceUnavailable, match="group"),
    ):
        items_of(source, the_book(source))


def test_values_in_parts_are_fetched_to_the_last(samba: Samba, domain: Office, base: str) -> None:
    members = [f"cn={name},{base}" for name in ("Anna Berg", "Ben Adler", "Cy Young")]
    lines = "\n".join(f"member: {member}" for member in members)
    samba.add(f"dn: cn=Three,{base}\nobjectClass: group\n{lines}\n")
    wanted = Wanted({}, frozenset({"member"}))
    with Directory(domain.read_settings(base=base)).session() as session:
        found = session.find(f"cn=Three,{base}", ("member;range=0-0",), wanted)
        assert found is not None
        assert found.parts == {"member": 1}
        session.complete(found, wanted)
    assert sorted(name.lower() for name in found.lists["member"]) == sorted(name.lower() for name in members)


def test_a_whole_domain_is_read_past_its_own_references(domain: Office, unit: str) -> None:
    assert {"Anna Berg", "Cy Young"} <= set(domain.names(base=SUFFIX, page=100))


# --- ways in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Administrator@example.test", "EXAMPLE\\Administrator", f"cn=Administrator,cn=Users,{SUFFIX}"]
)
@pytest.mark.parametrize("way", [{}, {"security": "starttls"}, {"servers": "127.0.0.1:3269"}], ids=str)
def test_each_name_and_each_protection_leads_in(domain: Office, base: str, name: str, way: dict[str, str]) -> None:
    with domain.open(base=base, username=name, **way) as source:
        assert the_book(source).title == base


def test_a_password_is_taken_over_a_protected_connection_alone(domain: Office) -> None:
    with pytest.raises(AuthenticationFailed) as refused, domain.open(security="none", verify=None):
        pass
    assert refused.value.code == "L0213"


def test_a_wrong_password_is_said_as_that(domain: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LDAP_PASSWORD", "wrong")
    with pytest.raises(AuthenticationFailed, match="user name and password") as refused, domain.open():
        pass
    assert refused.value.code == "L0201"


def test_a_certificate_that_nobody_vouches_for_is_refused(domain: Office) -> None:
    for way in ({}, {"security": "starttls"}):
        with pytest.raises(SourceUnavailable) as refused, domain.open(verify=True, **way):
            pass
        assert refused.value.code == "L0103"


def test_the_connection_test_says_how_changes_are_found(samba: Samba, domain: Office, base: str) -> None:
    samba.tool("user", "create", f"pbx{base[8:14]}", PASSWORD)
    ordinary = f"pbx{base[8:14]}@example.test"
    for name, how in ((None, "changes by DirSync"), (ordinary, "changes by comparing")):
        changes = {"username": name} if name else {}
        last = list(probe(domain.read_settings(base=base, **changes), SourceContext()))[-1]
        assert last.detail == f"3 entries, {how}"


# --- changes -------------------------------------------------------------------------------------------------------


def without_dirsync(passing: Passing) -> None:
    """As a server answers a user without the right to replicate."""
    if passing.tag == messages.DONE and messages.DIRSYNC.encode() in passing.data:
        passing.send = [result(messages.DONE, passing.number, 50)]


@pytest.fixture(params=["dirsync", "usn"])
def way(request: pytest.FixtureRequest, domain: Office, base: str) -> Iterator[str]:
    """The two ways in which changes are told; by number through a middleman who forbids the other."""
    middleman = Middleman("127.0.0.1", 636, tls=True)
    middleman.spoil = without_dirsync if request.param == "usn" else lambda passing: None
    domain.settings |= {"servers": middleman.address, "security": "none", "base": base}
    yield request.param
    middleman.close()


Told = Callable[[], tuple[list[StreamItem], End]]


@pytest.fixture
def told(domain: Office, way: str) -> Iterator[Told]:
    """What is told since the last time, or since the beginning."""
    with domain.open() as source:
        book = the_book(source)
        *rows, end = items_of(source, book)
        assert isinstance(end, End)
        assert f'"{way}"' in str(end.checkpoint)
        known = [(row.key, row.version) for row in rows if isinstance(row, Row)]
        last = [end]

        def told() -> tuple[list[StreamItem], End]:
            *items, end = items_of(source, book, last[0].checkpoint, known)
            assert isinstance(end, End)
            last[0] = end
            return items, end

        yield told


def names(items: list[StreamItem]) -> list[str]:
    return [str(item.values["DisplayName"]) if isinstance(item, Row) else type(item).__name__ for item in items]


def test_only_what_changed_is_told(samba: Samba, told: Told, base: str) -> None:
    samba.change(f"cn=Anna Berg,{base}", "department", "Sales")
    items, end = told()
    assert (names(items), end.full) == (["Anna Berg"], False)
    assert told()[0] == []


def test_an_emptied_number_a_deletion_and_a_disabled_account_are_told_as_gone(
    samba: Samba, told: Told, base: str
) -> None:
    samba.change(f"cn=Anna Berg,{base}", "telephoneNumber")
    assert names(told()[0]) == ["Gone"]
    samba.delete(f"cn=Cy Young,{base}")
    assert names(told()[0]) == ["Gone"]
    samba.change(f"cn=Ben Adler,{base}", "userAccountControl", "546")
    assert names(told()[0]) == ["Gone"]


def test_moved_out_of_the_base_is_gone_and_moved_back_is_there(samba: Samba, told: Told, base: str) -> None:
    samba.move(f"cn=Cy Young,{base}", "cn=Cy Elsewhere", samba_elsewhere(samba))
    items, end = told()
    assert (names(items), end.full) == (["Gone"], False)
    samba.move(f"cn=Cy Elsewhere,{samba_elsewhere(samba)}", "cn=Cy Young", base)
    assert names(told()[0]) == ["Cy Young"]


def samba_elsewhere(samba: Samba) -> str:
    return f"cn=Users,{SUFFIX}"


def test_what_leaves_with_its_folder_is_noticed_although_it_did_not_change(
    samba: Samba, told: Told, unit: str, base: str
) -> None:
    samba.add(f"dn: ou=Sales,{base}\nobjectClass: organizationalUnit\n", contact("In Sales", f"ou=Sales,{unit}"))
    assert "In Sales" in names(told()[0])
    other = f"{samba.unit()},{SUFFIX}"
    samba.move(f"ou=Sales,{base}", "ou=Sales", other)
    items, end = told()
    assert end.full
    assert "In Sales" not in names(items)
    assert len(items) == 3


def test_numbers_of_another_server_or_another_life_count_for_nothing(
    samba: Samba, domain: Office, way: str, base: str
) -> None:
    with domain.open() as source:
        book = the_book(source)
        end = items_of(source, book)[-1]
        assert isinstance(end, End)
        assert end.checkpoint is not None
        other = end.checkpoint.replace(str(_server_of(domain)), "another:") if way == "usn" else "[]"
        later = items_of(source, book, other)[-1]
    assert isinstance(later, End)
    assert later.full


def _server_of(domain: Office) -> str:
    with Directory(domain.read_settings()).session() as session:
        return session.kind.server


def test_gone_is_confirmed_for_what_left_base_or_filter_and_for_nothing_else(
    samba: Samba, domain: Office, base: str
) -> None:
    with domain.open(base=base) as source:
        book = the_book(source)
        keys = {str(row.values["DisplayName"]): row.key for row in items_of(source, book) if isinstance(row, Row)}
        samba.move(f"cn=Cy Young,{base}", f"cn=Cy {base[3:12]}", samba_elsewhere(samba))
        samba.change(f"cn=Ben Adler,{base}", "telephoneNumber")
        gone = set(source.confirm_gone(book, [*keys.values(), "no key of a directory"]))
    assert gone == {keys["Cy Young"], keys["Ben Adler"], "no key of a directory"}


def test_an_entry_keeps_its_key_through_rename_and_move(samba: Samba, domain: Office, unit: str, base: str) -> None:
    (before,) = domain.rows(base=base).values()
    samba.add(f"dn: ou=Inner,{base}\nobjectClass: organizationalUnit\n")
    samba.move(f"cn=Cy Young,{base}", "cn=Cyrus", f"ou=Inner,{base}")
    (after,) = domain.rows(base=base).values()
    assert {row.key for row in before} == {row.key for row in after}


def test_an_answer_of_dirsync_that_is_damaged_is_no_news(domain: Office, base: str) -> None:
    with pytest.raises(ber.Malformed):
        messages.dirsync_state(b"\x30\x01")
