"""Who asks: by token, log-in, challenge or network; and who guesses waits."""

from __future__ import annotations

import hashlib
import ipaddress

import pytest
from pbx_directory import authorization
from pbx_directory.access import NONCE_LIFETIME, TRIES, WINDOW, Gate

from pbx_connector.api import DeviceReader, Store, StoreError, application

ADDRESS = "192.0.2.7"


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(devices: DeviceReader, clock: Clock) -> Gate:
    return Gate(devices, [ipaddress.ip_network("10.0.0.0/8")], clock)


@pytest.fixture
def made(store: Store) -> application.devices.MadeDevice:
    return application.devices.add_device(store, "Phone of Ann", "1", {})


Made = application.devices.MadeDevice


def digest_answer(gate: Gate, made: Made, algorithm: str, secret: str | None = None) -> dict[str, str]:
    """What a phone makes of a challenge, written after RFC 7616."""
    challenge = authorization.digest(gate.challenge(algorithm))
    assert challenge
    hash_of = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]

    def h(text: str) -> str:
        return hash_of(text.encode()).hexdigest()

    given = {"username": made.device.id, "nonce": challenge["nonce"], "uri": "/book", "algorithm": algorithm}
    given |= {"qop": "auth", "nc": "00000001", "cnonce": "abc"}
    ha1 = h(f"{made.device.id}:{challenge['realm']}:{secret or made.secret}")
    parts = [ha1, given["nonce"], given["nc"], given["cnonce"], "auth", h("GET:/book")]
    return given | {"response": h(":".join(parts))}


def test_a_device_is_admitted_by_its_secret(gate: Gate, made: Made, store: Store) -> None:
    held = store.device(made.device.id)
    assert gate.by_secret(made.device.id, made.secret, ADDRESS) == held
    assert gate.by_token(f"{made.device.id}-{made.secret}", ADDRESS) == held
    assert held
    assert held.owners == (None, "1")


@pytest.mark.parametrize("token", ["", "-", "abcdef-", "k3f9xx-" + "a" * 24, "\0-\0"])
def test_nobody_else_is(gate: Gate, made: Made, token: str) -> None:
    assert gate.by_token(token, ADDRESS) is None
    assert gate.by_secret(made.device.id, made.secret[:-1], ADDRESS) is None
    assert gate.by_secret(made.device.name, made.secret, ADDRESS) is None


def test_an_old_secret_is_worth_nothing(gate: Gate, made: Made, store: Store) -> None:
    application.devices.rotate_device(store, made.device.id)
    assert gate.by_secret(made.device.id, made.secret, ADDRESS) is None
    store.remove_device(made.device.id)
    assert gate.by_secret(made.device.id, made.secret, ADDRESS) is None


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_digest(gate: Gate, made: Made, clock: Clock, algorithm: str) -> None:
    given = digest_answer(gate, made, algorithm)
    admitted = gate.by_digest("GET", given, ADDRESS)
    assert admitted
    assert admitted.id == made.device.id
    for changed in ({"response": "0" * 32}, {"uri": "/other"}, {"username": "other"}, {"nonce": "1.2"}, {"nc": "2"}):
        assert gate.by_digest("GET", given | changed, ADDRESS) is None, changed
    assert gate.by_digest("POST", given, ADDRESS) is None
    assert gate.by_digest("GET", digest_answer(gate, made, algorithm, "wrong"), ADDRESS) is None
    clock.now += NONCE_LIFETIME + 1
    assert gate.is_stale(given["nonce"])
    assert gate.by_digest("GET", given, ADDRESS) is None


def test_a_network_without_a_secret_sees_the_company_alone(gate: Gate) -> None:
    for address in ("10.1.2.3", "::ffff:10.1.2.3"):
        anybody = gate.anybody(address)
        assert anybody
        assert anybody.owners == (None,)
    for address in ("192.0.2.7", "::1", "", "unix"):
        assert gate.anybody(address) is None


def test_who_guesses_waits_and_nobody_else(gate: Gate, made: Made, clock: Clock) -> None:
    for _ in range(10_000):
        assert gate.by_secret(made.device.id, "wrong", ADDRESS) is None
    assert gate.is_throttled(ADDRESS)
    assert gate.by_secret(made.device.id, made.secret, ADDRESS) is None
    assert gate.by_secret(made.device.id, made.secret, "192.0.2.8")
    clock.now += WINDOW + 1
    assert gate.by_secret(made.device.id, made.secret, ADDRESS)
    for _ in range(TRIES - 1):
        gate.by_secret(made.device.id, "wrong", ADDRESS)
    assert gate.by_secret(made.device.id, made.secret, ADDRESS)


def test_a_guess_is_no_question_to_the_store_once_it_is_too_many(store: Store, made: Made, clock: Clock) -> None:
    asked = 0

    def counted() -> Store:
        nonlocal asked
        asked += 1
        return store

    gate = Gate(DeviceReader(counted), (), clock)
    for _ in range(100):
        gate.by_secret(made.device.id, "wrong", ADDRESS)
    assert asked == TRIES


def test_no_secret_is_logged(gate: Gate, made: Made, capfd: pytest.CaptureFixture[str]) -> None:
    gate.by_secret(made.device.id, "hunter2hunter2", ADDRESS)
    gate.by_token("hunter2-hunter2hunter2", ADDRESS)
    printed = "".join(capfd.readouterr())
    assert "a wrong secret" in printed
    assert "hunter2" not in printed


def test_who_was_seen_is_noted(gate: Gate, made: Made, store: Store, clock: Clock) -> None:
    gate.by_secret(made.device.id, made.secret, ADDRESS, "Yealink\x1b[2J SIP-T46G")
    assert not gate.wants_flush
    clock.now += 60
    assert gate.wants_flush
    gate.flush()
    held = store.device(made.device.id)
    assert held
    assert held.seen
    assert (held.seen.address, held.seen.agent) == (ADDRESS, "Yealink[2J SIP-T46G")
    assert not gate.wants_flush


def test_a_store_that_fails_admits_nobody_and_says_so(made: Made) -> None:
    def failing() -> Store:
        raise StoreError("unreachable")

    gate = Gate(DeviceReader(failing), ())
    with pytest.raises(StoreError):
        gate.by_secret(made.device.id, made.secret, ADDRESS)


@pytest.mark.parametrize(
    ("header", "login"),
    [
        ("Basic YWJjOmRlZg==", ("abc", "def")),
        ("basic YWJjOg==", ("abc", "")),
        ("Basic YWJjOmQ6ZQ==", ("abc", "d:e")),
        ("Basic YWJj", None),
        ("Basic !!!", None),
        ("Basic /w==", None),
        ("Basic YW\u00ccj", None),
        ("Basic", None),
        ("Bearer YWJjOmRlZg==", None),
        ("Basic " + "QUFB" * 2_000, None),
    ],
)
def test_basic(header: str, login: tuple[str, str] | None) -> None:
    assert authorization.basic(header) == login


@pytest.mark.parametrize(
    "header", ["", "Digest", 'Digest username="a", nonsense, uri="/x,y"', "Digest " + "a=b," * 5_000]
)
def test_digest_headers_of_any_kind(header: str) -> None:
    given = authorization.digest(header)
    if given is not None and "username" in given:
        assert given == {"username": "a", "uri": "/x,y"}
