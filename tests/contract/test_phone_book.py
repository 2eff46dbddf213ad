"""Accounts, labels, entries by hand, search and look-up, on every store."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy import Connection, text

from pbx_connector.errors import UsageError
from pbx_connector.model import Account, Report
from pbx_connector.plan import Content
from pbx_connector.stores import ALL, Entry, Key, Order, RunKind, Store, Substrings
from pbx_connector.stores.changeset import ChangeSet
from pbx_connector.stores.normalization import KEYS
from pbx_connector.stores.sql.schema.migrating import bring_up_to_date
from pbx_connector.stores.sql.store import SqlStore
from pbx_connector.testing import MemorySource

Run = Callable[..., Report]


def person(name: str, account: str | None = None, **fields: str) -> Content:
    return Content(account, {"display_name": name, **fields})


def imported(store: Store, content: Content) -> Entry:
    """With numbers as rules may give them, which nobody could type."""
    with cast(Any, store).changeset(RunKind.HAND, "an import") as changeset:
        return cast(Entry, changeset.put_entries([Entry(0, content)])[0])


# --- accounts ------------------------------------------------------------------------------------------------------


def test_an_import_of_accounts_adds_and_changes_and_removes_only_when_told(store: Store) -> None:
    store.add_account(Account("1", "ann"))
    store.add_account(Account("2", "bob"))
    store.add_entry(person("Private", "2"))
    wanted = [Account("1", "anna"), Account("3", "cid")]
    found = store.import_accounts(wanted)
    assert (found.added, found.updated, found.removed) == ((Account("3", "cid"),), (Account("1", "anna"),), ())
    planned = store.plan_account_import(wanted, remove_missing=True)
    assert (planned.removed, planned.entries) == ((Account("2", "bob"),), 1)
    assert len(store.accounts()) == 3
    assert store.import_accounts(wanted, remove_missing=True) == planned
    assert [account.id for account in store.accounts()] == ["1", "3"]
    assert store.count_entries() == 0


def test_an_account_id_is_unique_and_no_blank(store: Store) -> None:
    store.add_account(Account("1"))
    with pytest.raises(UsageError, match="an account 1 already"):
        store.add_account(Account("1"))
    with pytest.raises(UsageError, match="more than once"):
        store.import_accounts([Account("5"), Account("5")])
    for wrong in ("", " 1"):
        with pytest.raises(UsageError, match="needs an id"):
            store.import_accounts([Account(wrong)])
    with pytest.raises(UsageError, match="no account 9"):
        store.remove_account("9")
    assert [account.id for account in store.accounts()] == ["1"]


def test_an_import_that_changes_nothing_leaves_no_trace(store: Store) -> None:
    store.import_accounts([Account("1", "ann")])
    runs = len(list(store.runs()))
    store.import_accounts([Account("1", "ann")])
    assert len(list(store.runs())) == runs


# --- labels --------------------------------------------------------------------------------------------------------


def test_labels_are_created_counted_and_removed_when_nobody_carries_them(
    run: Run, source: MemorySource, store: Store
) -> None:
    store.add_label("VIP")
    source.add("public").put("ann", display_name="Ann", label="Sales")
    run()
    assert [(label.name, label.entries) for label in store.labels()] == [("Department", 1), ("VIP", 0)]
    with pytest.raises(UsageError, match="1 entry carries the label Department"):
        store.remove_label("Department")
    with pytest.raises(UsageError, match="a label VIP already"):
        store.add_label("VIP")
    store.remove_label("VIP")
    with pytest.raises(UsageError, match="no label VIP"):
        store.remove_label("VIP")


def test_a_profile_that_requires_labels_leaves_missing_ones_out_and_says_so(
    run: Run, source: MemorySource, store: Store
) -> None:
    book = source.add("public", delta=True)
    book.put("ann", display_name="Ann", label="Sales")
    book.put("bob", display_name="Bob", label="Sales")
    for _ in range(2):
        assert [problem.code for problem in run(labels="require").problems] == ["S206"]
        assert [dict(entry.content.labels) for entry in store.entries()] == [{}, {}]
    store.add_label("Department")
    report = run(labels="require")
    assert (report.problems, report.counts.updated) == ((), 2)
    assert [dict(entry.content.labels) for entry in store.entries()] == [{"Department": "Sales"}] * 2


def test_a_book_that_fails_half_way_leaves_no_label_behind(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann", label="Sales")
    source.address_books["public"].cut_after = 1
    assert run().counts.added == 0
    assert store.labels() == []


# --- entries by hand -----------------------------------------------------------------------------------------------


def test_entries_are_added_edited_and_removed_by_hand(store: Store) -> None:
    made = store.add_entry(Content(None, {"display_name": "Ann", "phone": "1"}, {"VIP": "yes"}))
    assert store.entry(made.id) == made
    changed = store.edit_entry(made.id, lambda _: person("Anna"))
    assert store.entry(made.id) == changed
    assert changed.content == person("Anna")
    store.remove_entry(made.id)
    with pytest.raises(UsageError, match=f"no entry {made.id}"):
        store.entry(made.id)
    assert store.add_entry(person("Bob")).id != made.id


def test_imported_entries_are_read_only_by_hand(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    run()
    entry = next(store.entries())
    with pytest.raises(UsageError, match="imported by profile crm"):
        store.edit_entry(entry.id, lambda _: person("Anna"))
    with pytest.raises(UsageError, match="imported by profile crm"):
        store.remove_entry(entry.id)
    assert list(store.entries()) == [entry]


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (person(" "), "Display name is required"),
        (person("A" * 81), "Display name: it has 81 characters, 80 are the most"),
        (person("Ann", "9"), "no account 9"),
        (person("Ann", nickname="A"), "no field nickname"),
        (person("Ann", notes="a\0b"), "Notes: it has characters that no phone book can hold"),
        (person("Ann", notes="\ud800"), "Notes: it has characters that no phone book can hold"),
        (person("Ann", fax="none"), "Fax: 'none' is not a telephone number"),
        (person("Ann", email="none"), "E-mail: 'none' is not an e-mail address"),
        (Content(None, {"display_name": "Ann"}, {"VIP": "A" * 256}), "label VIP: it has 256 characters"),
        (person("Ann\r\nBerg"), "Display name: it has a line break, a tab or a control character: write a blank"),
        (person("Ann", organisation="A\tB"), "Organisation: it has a line break, a tab or a control character"),
        (person("Ann", organisation="A\x1b[2JB"), "Organisation: it has a line break, a tab or a control character"),
        (person("Ann", organisation="A\u2028B\x9b"), "Organisation: it has a line break, a tab or a control character"),
        (person("Ann", notes="a\nb\x1b[2J"), "Notes: it has a control character: leave it out"),
        (Content(None, {"display_name": "Ann"}, {"VIP": "a\nb"}), "label VIP: it has a line break"),
        (Content(None, {"display_name": "Ann"}, {"V\nIP": "a"}), "the name of a label has a line break"),
    ],
)
def test_an_entry_by_hand_is_checked(store: Store, content: Content, wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        store.add_entry(content)
    assert store.count_entries() == 0


def test_notes_keep_their_lines_and_tabs(store: Store) -> None:
    typed = person("Zo\N{NO-BREAK SPACE}e", notes="one\n\ttwo \N{FAMILY}")
    assert store.add_entry(typed).content == typed


def test_an_entry_with_a_line_break_from_before_can_be_edited(store: Store) -> None:
    changes: AbstractContextManager[ChangeSet] = cast(Any, store).changeset(RunKind.HAND, "as an earlier version did")
    with changes as changeset:
        made = changeset.put_entries([Entry(0, person("Ann\nBerg"))])[0]
    changed = replace(made.content, fields={**made.content.fields, "phone": "190"})
    assert store.edit_entry(made.id, lambda _: changed).content == changed


def test_all_that_is_wrong_with_an_entry_is_said_at_once(store: Store) -> None:
    wrong = Content("9", {"phone": "none", "notes": "A" * 4001, "nickname": "A"}, {"A" * 81: "yes", "VIP": "\0"})
    with pytest.raises(UsageError) as said:
        store.add_entry(wrong)
    assert str(said.value).split("; ") == [
        "Display name is required",
        "Telephone: 'none' is not a telephone number, such as +49 89 99998-190 or 190",
        "Notes: it has 4001 characters, 4000 are the most",
        "there is no field nickname",
        "the name of a label has more than 80 characters",
        "label VIP: it has characters that no phone book can hold",
        "there is no account 9",
    ]


def test_an_edit_is_checked_for_what_it_changes(store: Store) -> None:
    odd = Entry(0, Content(None, {"display_name": "Ann", "phone": "front office"}, {"VIP": "A" * 300}))
    changes: AbstractContextManager[ChangeSet] = cast(Any, store).changeset(RunKind.HAND, "as an earlier version did")
    with changes as changeset:
        made = changeset.put_entries([odd])[0]

    def with_phone(phone: str) -> Content:
        return replace(made.content, fields={**made.content.fields, "phone": phone, "email": "ann@example.com"})

    with pytest.raises(UsageError, match="not a telephone number"):
        store.edit_entry(made.id, lambda _: with_phone("back office"))
    assert store.edit_entry(made.id, lambda _: with_phone("front office")).content.fields["email"] == "ann@example.com"


NO_TEXTS = ("a\0b", "\ud800")


@pytest.mark.parametrize("text", NO_TEXTS)
def test_text_that_no_database_can_hold_is_refused_everywhere(store: Store, text: str) -> None:
    for ask in (
        lambda: store.add_account(Account("1", text)),
        lambda: store.import_accounts([Account(f"1{text}2")]),
        lambda: store.add_label(f"a{text}"),
        lambda: store.add_entry(Content(None, {"display_name": "Ann"}, {f"a{text}": "yes"})),
        lambda: list(store.search(text)),
        lambda: list(store.entries(account=text)),
        lambda: store.count_entries(account=text),
        lambda: store.lookup("123", account=text),
        lambda: store.resume_profile(text),
        lambda: store.remove_profile(text),
    ):
        with pytest.raises(UsageError):
            ask()
    assert (store.accounts(), store.labels(), list(store.entries())) == ([], [], [])


@pytest.mark.parametrize("name", ["", "  ", "A" * 81])
def test_labels_have_the_same_limits_by_name_and_on_entries(store: Store, name: str) -> None:
    with pytest.raises(UsageError, match="label"):
        store.add_label(name)
    with pytest.raises(UsageError, match="label"):
        store.add_entry(Content(None, {"display_name": "Ann"}, {name: "yes"}))
    store.add_label(" VIP ")
    assert [label.name for label in store.labels()] == ["VIP"]


def test_ids_beyond_all_bounds_are_those_of_nothing(store: Store) -> None:
    for ask in (store.run, store.plan, store.undo):
        for number in ("99999999999999999999", "9" * 5000):
            with pytest.raises(UsageError, match="there is no"):
                ask(number)
    with pytest.raises(UsageError, match="no entry"):
        store.entry(99999999999999999999)
    with pytest.raises(UsageError, match="no entry"):
        store.remove_entry(-99999999999999999999)


# --- reading -------------------------------------------------------------------------------------------------------


def test_entries_are_listed_by_account_and_in_pages(store: Store) -> None:
    store.add_account(Account("7"))
    ids = [store.add_entry(person(f"Name {number}", "7" if number % 2 else None)).id for number in range(10)]
    assert [entry.id for entry in store.entries()] == ids
    assert [entry.id for entry in store.entries(account="7")] == ids[1::2]
    assert [entry.id for entry in store.entries(account=None, limit=2, after=ids[2])] == ids[4:8:2]
    assert (store.count_entries(), store.count_entries(account="7"), store.count_entries(account=ALL)) == (10, 5, 10)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("müller", True),
        ("MULLER", True),
        ("ller & s", True),
        ("strasse", True),
        ("ann@", True),
        ("0991/123", True),
        ("+49 991", False),
        ("%", False),
        ("_", False),
        ("xyz", False),
    ],
)
def test_search_finds_parts_whatever_their_case_and_accents(store: Store, text: str, found: bool) -> None:
    fields = {"organisation": "Müller & Söhne, Große Straße", "email": "ann@example.com", "phone": "0991 12345"}
    store.add_entry(person("Ann", **fields))
    assert [entry.content.fields["display_name"] for entry in store.search(text)] == ["Ann"] * found


def test_a_number_is_found_in_any_notation(store: Store) -> None:
    entry = store.add_entry(person("Ann", phone="+4999112345", mobile="0171 555", fax="112"))
    for number in ("+49 991 12345", "0991/12345", "0049 991 12345", "0991-12345"):
        assert [match.entry for match in store.lookup(number)] == [entry], number
    assert [match.field for match in store.lookup("0171555")] == ["mobile"]
    assert [match.field for match in store.lookup("112")] == ["fax"]
    for number in ("+49 992 12345", "12345", "", "abc", "0112"):
        assert store.lookup(number) == [], number


def test_short_numbers_are_found_in_national_and_international_form(store: Store) -> None:
    entry = store.add_entry(person("Ann", phone="+43 1 4000", mobile="01 4001", fax="43 1 4002"))
    for number in ("01 4000", "0043 1 4000", "+4314000", "43 1 4000", "+43 1 4001", "+43 1 4002"):
        assert [match.entry for match in store.lookup(number)] == [entry], number
    for number in ("4000", "+49 1 4000", "02 4000"):
        assert store.lookup(number) == [], number


def test_a_callers_name_is_private_first_then_the_surest_then_by_field_and_id(store: Store) -> None:
    store.add_account(Account("7"))
    store.add_account(Account("8"))
    company_mobile = store.add_entry(person("Mobile", mobile="+4999112345"))
    company = store.add_entry(person("Company", phone="0991 12345"))
    later = store.add_entry(person("Later", phone="0991 12345"))
    private = store.add_entry(person("Private", "7", fax="+49 991 12345"))
    store.add_entry(person("Somebody else's", "8", phone="+4999112345"))
    found = [match.entry for match in store.lookup("+4999112345", account="7")]
    assert found == [private, company_mobile, company, later]
    assert [match.entry for match in store.lookup("+4999112345")] == [company_mobile, company, later]


def test_a_number_in_letters_is_found_by_its_digits(store: Store) -> None:
    entry = imported(store, person("Ann", mobile="0800 FLOWERS (24h)"))
    for caller in ("08003569377", "+498003569377"):
        assert [match.entry for match in store.lookup(caller)] == [entry]


@pytest.mark.parametrize(
    "written",
    [
        "+498923125203",
        "089 23125-203",
        "089/23125203",
        "+49 (0)89 23125-203",
        "0049 89 23125 203",
        "49 89 23125203",
        "(089) 23125-203",
        "089 23125-203 DW 12",
        "089 23125203 App. 12",
        "089 23125-203 (2. Zentrale)",
        "2. 089 23125203",
        "Frau Berg (Mo-Fr 8-12) 089 23125203",
        "0171 1234567 / 089 23125203",
        "089 23125203, 0171 1234567",
        "089 23125-202/-203",
        "\u202a+49\u202f89\u00a023125203\u202c",
    ],
)
@pytest.mark.parametrize(
    "caller", ["+498923125203", "00498923125203", "498923125203", "089 23125203", "+49 (0)89 23125203"]
)
def test_whatever_stands_beside_a_number_it_is_found_from_any_notation(store: Store, written: str, caller: str) -> None:
    entry = imported(store, person("Ann", mobile=written))
    store.add_entry(person("Bob", mobile="+498923125299"))
    assert [(match.entry, match.field) for match in store.lookup(caller)] == [(entry, "mobile")]


def test_the_same_number_comes_before_a_guess_from_a_national_one(store: Store) -> None:
    german = store.add_entry(person("Berlin", phone="030 23125201"))
    austrian = store.add_entry(person("Austria", mobile="+43 30 23125201"))
    for caller in ("+433023125201", "00433023125201", "+43 30 23125201"):
        assert [match.entry for match in store.lookup(caller)] == [austrian, german], caller
    assert [match.entry for match in store.lookup("+493023125201")] == [german]


def test_a_raw_number_is_of_the_region_of_its_profile(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann", phone="030 23125201")
    run(region="DE")
    austrian = store.add_entry(person("Austrian", phone="+43 30 23125201"))
    by_hand = store.add_entry(person("By hand", phone="030 23125201"))
    [ann] = [entry for entry in store.entries() if entry.origin]
    assert [match.entry for match in store.lookup("+493023125201")] == [ann, by_hand]
    assert [match.entry for match in store.lookup("004330 23125201")] == [austrian, by_hand]
    assert [match.entry for match in store.lookup("030 23125201")] == [ann, by_hand, austrian]
    run(region=None)
    assert ann in [match.entry for match in store.lookup("+433023125201")]  # as far as a number without a code can tell
    run(region="DE")
    store.adopt_profile("crm", "new")
    assert ann.id not in [match.entry.id for match in store.lookup("+433023125201")]


def test_a_switchboard_shows_where_nobody_has_the_number(store: Store) -> None:
    reception = store.add_entry(person("Reception", phone="089 23125-0"))
    ann = store.add_entry(person("Ann", phone="+498923125203"))
    store.add_entry(person("Elsewhere", phone="089 23126-0"))
    for caller in ("+498923125204", "0049 89 23125-17", "089 23125204", "+49892312599999"):
        assert [(match.entry, match.switchboard) for match in store.lookup(caller)] == [(reception, True)], caller
    assert [(match.entry, match.switchboard) for match in store.lookup("+498923125203")] == [(ann, False)]
    assert [(match.entry, match.switchboard) for match in store.lookup("089 231250")] == [(reception, False)]
    for caller in ("+49892312", "+498923127203", "089 2312"):
        assert store.lookup(caller) == [], caller


def make_older(connection: Connection, version: str) -> None:
    """Without what the steps after 0006 add to the tables."""
    for table in ("web_user", "web_session", "audit", "given_way"):
        connection.execute(text(f"DROP TABLE {table}"))
    for table in ("profile", "run"):
        connection.execute(text(f"ALTER TABLE {table} DROP COLUMN merge"))
    connection.execute(text("DROP TABLE device"))
    for name in KEYS:
        connection.execute(text(f"DROP INDEX entry_{name}_key"))
        connection.execute(text(f"ALTER TABLE entry DROP COLUMN {name}_key"))
    connection.execute(text("ALTER TABLE profile DROP COLUMN region"))
    connection.execute(text(f"UPDATE alembic_version SET version_num = '{version}'"))


def test_entries_of_an_older_version_are_found_and_sorted(store: Store) -> None:
    if not isinstance(store, SqlStore):
        pytest.skip("a phone book in memory is of no older version")
    entries = [store.add_entry(person(name, phone=f"+49991{name}")) for name in ("2", "1", "3")]
    with store._database.write() as connection:
        make_older(connection, "0006")
    bring_up_to_date(store._database)
    order = [Order(Key.DISPLAY_NAME, descending=True)]
    found = store.find(Substrings(Key.PHONE, "+4999"), owners=(None,), order=order)
    assert list(found) == [entries[2], entries[0], entries[1]]


def test_a_number_beside_a_remark_is_found_in_a_store_of_an_older_version(store: Store) -> None:
    if not isinstance(store, SqlStore):
        pytest.skip("a phone book in memory is of no older version")
    entry = imported(store, person("Ann", phone="089 23125-203 DW 12"))
    with store._database.write() as connection:
        connection.execute(text("UPDATE entry SET phone_tail = '2520312'"))
        make_older(connection, "0006")
    bring_up_to_date(store._database)
    assert [match.entry for match in store.lookup("+498923125203")] == [entry]


def test_digests_of_an_older_version_are_made_anew(run: Run, source: MemorySource, store: Store) -> None:
    """Or each entry would count as changed in the next full run, and none that moves would be recognised."""
    if not isinstance(store, SqlStore):
        pytest.skip("a phone book in memory is of no older version")
    book = source.add("public")
    book.put("ann", display_name="Ann", phone="+4999112345", label="Sales")
    book.put("bob", display_name="Bob")
    run()
    with store._database.write() as connection:
        connection.execute(text("UPDATE provenance SET digest = 'made otherwise'"))
        connection.execute(text("ALTER TABLE shared_state RENAME TO memo"))
        make_older(connection, "0004")
    bring_up_to_date(store._database)
    counts = run(full=True).counts
    assert (counts.updated, counts.unchanged) == (0, 2)
