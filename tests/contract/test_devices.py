"""The devices that may ask the directory."""

from __future__ import annotations

from datetime import UTC, datetime

from pbx_connector.model import Account
from pbx_connector.stores import Device, Sighting, Store

PHONE = Device("k3f9", "Phone of Ann", "1", {"format": "yealink"}, {"sha256": "…"})


def test_a_device_is_kept_as_it_was_put(store: Store) -> None:
    store.put_device(PHONE)
    held = store.device("k3f9")
    assert held
    assert held.made is not None
    assert (held.name, held.account, held.options, held.verifiers, held.seen) == (
        "Phone of Ann",
        "1",
        {"format": "yealink"},
        {"sha256": "…"},
        None,
    )
    assert store.devices() == [held]
    assert "…" not in repr(held)


def test_a_change_leaves_when_it_was_made_and_seen(store: Store) -> None:
    store.put_device(PHONE)
    held = store.device("k3f9")
    assert held
    sighting = Sighting("k3f9", datetime(2026, 11, 29, 6, 0, tzinfo=UTC), "192.0.2.7", "Yealink SIP-T46G")
    store.note_seen([sighting, Sighting("gone", sighting.time, "192.0.2.8")])
    store.put_device(Device("k3f9", "Hall", None, {}, {"sha256": "new"}))
    changed = store.device("k3f9")
    assert changed
    assert (changed.name, changed.account, changed.made, changed.seen) == ("Hall", None, held.made, sighting)


def test_a_device_is_removed_once(store: Store) -> None:
    store.put_device(PHONE)
    assert store.remove_device("k3f9")
    assert not store.remove_device("k3f9")
    assert store.devices() == []
    assert store.device("k3f9") is None
    assert store.device("\0") is None


def test_the_device_of_an_account_that_comes_back_is_its_device_again(store: Store) -> None:
    store.add_account(Account("1"))
    store.put_device(PHONE)
    store.remove_account("1")
    assert [device.owners for device in store.devices()] == [(None, "1")]
