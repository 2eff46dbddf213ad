"""Devices are made with a secret that is shown once, and known by it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import pytest

from pbx_connector.application import devices, views
from pbx_connector.errors import UsageError
from pbx_connector.model import Account
from pbx_connector.stores import Store, open_store


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("memory:") as store:
        store.add_account(Account("1"))
        yield store


def test_a_device_is_known_by_its_secret_alone(store: Store) -> None:
    made = devices.add_device(store, " Phone\tof Ann ", "1", {"format": "yealink"})
    held = store.device(made.device.id)
    assert held
    assert (held.name, held.account, held.options) == ("Phone of Ann", "1", {"format": "yealink"})
    assert re.fullmatch("[a-z2-9]{24}", made.secret)
    assert devices.is_secret(held, made.secret)
    for wrong in ("", made.secret[:-1], made.secret.upper(), "\udcff"):
        assert not devices.is_secret(held, wrong)
        assert not devices.is_secret(None, wrong)
    assert made.secret not in repr(store.devices()) + str(views.device(held))
    login = f"{held.id}:phone book:{made.secret}".encode()
    assert held.verifiers["digest-md5"] == hashlib.md5(login).hexdigest()


def test_one_of_many_phone_systems_is_named_in_the_login_too(store: Store) -> None:
    made = devices.add_device(store, "Hall", None, {}, phone_system="acme")
    for secret, held in (
        (made.secret, made.device),
        (lambda new: (new.secret, new.device))(devices.rotate_device(store, "Hall", phone_system="acme")),
    ):
        for user, method in ((held.id, "digest-sha256"), (f"{held.id}@acme", "digest-sha256-named")):
            assert held.verifiers[method] == hashlib.sha256(f"{user}:phone book:{secret}".encode()).hexdigest()
    assert not any("named" in method for method in devices.add_device(store, "Door", None, {}).device.verifiers)


def test_the_old_secret_is_worth_nothing_after_a_rotation(store: Store) -> None:
    old = devices.add_device(store, "Hall", None, {})
    new = devices.rotate_device(store, "Hall")
    held = store.device(old.device.id)
    assert new.device.id == old.device.id
    assert devices.is_secret(held, new.secret)
    assert not devices.is_secret(held, old.secret)


def test_what_cannot_be_is_refused(store: Store) -> None:
    devices.add_device(store, "Hall", None, {})
    with pytest.raises(UsageError, match="a device Hall already"):
        devices.add_device(store, "Hall ", None, {})
    with pytest.raises(UsageError, match="at most 80 characters"):
        devices.add_device(store, "\n", None, {})
    with pytest.raises(UsageError, match="no account '7'"):
        devices.add_device(store, "Cellar", "7", {})
    with pytest.raises(UsageError, match="no device Cellar"):
        devices.rotate_device(store, "Cellar")
    assert devices.remove_device(store, "Hall").name == "Hall"
    with pytest.raises(UsageError, match="no device Hall"):
        devices.remove_device(store, "Hall")
