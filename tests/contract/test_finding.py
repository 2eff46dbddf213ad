"""Entries found by what they are like, sorted and counted: every store answers as `holds` says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pbx_connector.errors import UsageError
from pbx_connector.model import Account, Report
from pbx_connector.plan import Content
from pbx_connector.stores import (
    ALL,
    AtLeast,
    AtMost,
    Condition,
    Entry,
    Equal,
    Every,
    Identified,
    Key,
    Labelled,
    Not,
    Order,
    Present,
    RunKind,
    Says,
    Some,
    Store,
    Substrings,
    position,
)
from pbx_connector.stores.selection import holds, sorted_entries
from pbx_connector.testing import MemorySource

EVERYBODY = (None, "ann", "bob")
ALWAYS = Every()
BY_NAME = (Order(Key.DISPLAY_NAME),)

letters = st.text("aäÄb% _\\*ß+0", max_size=4)
names = letters.filter(lambda text: bool(text.strip())).map(str.strip)
numbers = st.sampled_from(["+4930123", "004930123", "030 123", "030/123-45", "11", "**61", "+43 1 7"])
contents = st.builds(
    lambda account, name, fields, labels: Content(account, {"display_name": name, **fields}, labels),
    st.sampled_from(EVERYBODY),
    names,
    st.fixed_dictionaries(
        {},
        optional={
            "first_name": names,
            "last_name": names,
            "organisation": names,
            "email": names,
            "phone": numbers,
            "mobile": numbers,
            "fax": numbers,
        },
    ),
    st.dictionaries(st.sampled_from(["VIP", "Ort"]), st.sampled_from(["ja", "nein"]), max_size=2),
)
keys = st.sampled_from(Key)
values = letters | numbers
leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Equal, keys, values),
    st.builds(AtLeast, keys, values),
    st.builds(AtMost, keys, values),
    st.builds(Present, keys),
    st.builds(Substrings, keys, values, st.lists(values, max_size=2).map(tuple), values),
    st.builds(Says, values),
    st.builds(Labelled, st.sampled_from([None, "vip", "Ort", "x"]), st.sampled_from([None, "ja", "Ja"])),
    st.builds(Identified, st.frozensets(st.integers(1, 8), max_size=3)),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, max_size=3).map(lambda several: Every(tuple(several))),
        st.lists(inner, max_size=3).map(lambda several: Some(tuple(several))),
    ),
    max_leaves=5,
)
orders = st.lists(st.builds(Order, keys, st.booleans()), max_size=2).map(tuple)


def fill(store: Store, several: Sequence[Content]) -> list[Entry]:
    with cast(Any, store).changeset(RunKind.HAND, "an import") as changeset:
        changeset.drop_entries(list(store.entries()))
        changeset.put_entries([Entry(0, content) for content in several])
    return list(store.entries())


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.lists(contents, max_size=8), st.lists(conditions, min_size=1, max_size=6), orders, st.data())
def test_every_store_finds_and_sorts_alike(
    store: Store, several: list[Content], asked: list[Condition], order: tuple[Order, ...], data: st.DataObject
) -> None:
    for account in ("ann", "bob"):
        if account not in [known.id for known in store.accounts()]:
            store.add_account(Account(account))
    entries = fill(store, several)
    owners = data.draw(st.sets(st.sampled_from(EVERYBODY)))
    limit = data.draw(st.none() | st.integers(0, 4))
    for condition in asked:
        mine = [entry for entry in entries if entry.content.account in owners and holds(condition, entry)]
        wanted = sorted_entries(mine, order)
        assert list(store.find(condition, owners=owners, order=order, limit=limit)) == wanted[:limit]
        assert list(store.find_ids(condition, owners=owners, order=order)) == [entry.id for entry in wanted]
        assert store.count_found(condition, owners=owners) == len(wanted)
        listed = list(store.find(condition, owners=owners, order=BY_NAME))
        for number, entry in enumerate(listed, 1):
            behind = store.find(condition, owners=owners, order=BY_NAME, after=position(entry))
            assert list(behind) == listed[number:]


@pytest.fixture
def people(store: Store) -> list[Entry]:
    return fill(
        store,
        [
            Content(None, {"display_name": "Jürgen  MÜLLER", "phone": "+49 30 123-45"}, {"VIP": "ja"}),
            Content(None, {"display_name": "100 % Bau_Stoffe", "organisation": "Stoffe AG", "phone": "0049 30 99"}),
            Content(None, {"display_name": "Ärzte", "first_name": "A", "phone": "030 1 oder 030 2"}),
        ],
    )


def found(store: Store, condition: Condition) -> list[str]:
    return [entry.content.fields["display_name"] for entry in store.find(condition, owners=(None,))]


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (Equal(Key.DISPLAY_NAME, " jurgen Muller "), ["Jürgen  MÜLLER"]),
        (Equal(Key.SURNAME, "stoffe ag"), ["100 % Bau_Stoffe"]),
        (Substrings(Key.DISPLAY_NAME, "arz"), ["Ärzte"]),
        (Substrings(Key.DISPLAY_NAME, within=("%",)), ["100 % Bau_Stoffe"]),
        (Substrings(Key.DISPLAY_NAME, within=("u_s",)), ["100 % Bau_Stoffe"]),
        (Substrings(Key.DISPLAY_NAME, "j", ("n m",), "R"), ["Jürgen  MÜLLER"]),
        (Substrings(Key.DISPLAY_NAME, "arzt", (), "te"), []),
        (Substrings(Key.PHONE, "+4930"), ["Jürgen  MÜLLER", "100 % Bau_Stoffe"]),
        (Substrings(Key.PHONE, final="345"), ["Jürgen  MÜLLER"]),
        (Equal(Key.PHONE, "+49 (30) 99"), ["100 % Bau_Stoffe"]),
        (Not(Present(Key.FIRST_NAME)), ["Jürgen  MÜLLER", "100 % Bau_Stoffe"]),
        (Says("muller"), ["Jürgen  MÜLLER"]),
        (Says("30/99"), ["100 % Bau_Stoffe"]),
        (Says("%"), ["100 % Bau_Stoffe"]),
        (Says("\0"), []),
        (Every((Says("a"), Not(Says("stoffe")))), ["Ärzte"]),
        (Labelled("vip"), ["Jürgen  MÜLLER"]),
        (Labelled("vip", "nein"), []),
        (Labelled(value="\0"), []),
        (Equal(Key.EMAIL, "a\0"), []),
        (Some(), []),
    ],
)
def test_what_is_found(store: Store, people: list[Entry], condition: Condition, names: list[str]) -> None:
    assert found(store, condition) == names


def test_a_text_longer_than_any_entry_is_refused(store: Store) -> None:
    if store.place == "a phone book in memory":
        pytest.skip("the one in memory has no limit")
    with pytest.raises(UsageError, match="more than 1000 characters"):
        list(store.find(Substrings(Key.DISPLAY_NAME, within=("a" * 1_001,)), owners=(None,)))


def test_the_revision_changes_with_the_entries(store: Store, source: MemorySource, run: Callable[..., Report]) -> None:
    seen = {store.revision()}
    source.add("public").put("ann", display_name="Ann")
    run()
    seen.add(store.revision())
    entry = store.add_entry(Content(None, {"display_name": "Bob"}))
    seen.add(store.revision())
    store.edit_entry(entry.id, lambda held: Content(None, {"display_name": "Cid"}))
    seen.add(store.revision())
    store.remove_entry(entry.id)
    seen.add(store.revision())
    store.undo(next(store.runs()).id)
    seen.add(store.revision())
    assert len(seen) == 6
    assert store.revision() == store.revision()
    assert store.count_entries(account=ALL) == 2
