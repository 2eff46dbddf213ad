"""Long runs for the directory's LDAP. `make fuzz` runs both.

    python plugins/directory/tests/fuzz_ldap.py messages [--messages 1000000] [--seed 1]
    python plugins/directory/tests/fuzz_ldap.py oracle [--questions 10000] [--seed 1]

`messages` mutates requests: none may raise anything but `Malformed`, take long, or leave memory behind; what is still a
request is answered by a session, in well-formed messages that end with one result. Python's own random numbers drive it
rather than Hypothesis: it makes many times more inputs a second, and the seed repeats a run. `oracle` asks a real slapd
and our server the same random questions.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pbx_directory.access import Gate
from pbx_directory.dialing import DialForm, Form
from pbx_directory.ldap.filters import Comparing, Comparison, Held, Negation, Or, Pieces
from pbx_directory.ldap.limits import Limits
from pbx_directory.ldap.messages import Bind, read_request, take_message
from pbx_directory.ldap.session import Directory, Session

from pbx_connector.api import DeviceReader, PhoneBook, ber
from pbx_connector.stores import open_store

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/functional")]
ldap = importlib.import_module("plugins.directory.tests.ldap_support")
oracle = importlib.import_module("plugins.directory.tests.slapd_oracle")

SLOW = 0.5
"""Seconds of processor time that one message may take."""
ANSWER_EVERY = 20
"""Of the messages that are read; an answer costs a hundred times as much."""
GROWTH = 64 * 2**20
"""Bytes of memory that a run may leave behind."""
LIMITS = Limits()


def requests(known: str, secret: str) -> list[bytes]:
    """What mutations begin with: each kind of request, and what phones send."""
    both = Or((Pieces("cn", b"an"), Pieces("telephoneNumber", b"030"), Negation(Held("mail"))))
    nested = ldap.encoded(Held("cn"))
    for _ in range(30):
        nested = ber.element(0xA2, nested)
    return [
        ldap.bind(known, secret),
        ldap.bind("", "", version=2),
        ldap.search(both, size=50, attributes=["cn", "sn", "Mobile", "*"]),
        ldap.search(Comparison(Comparing.EQUAL, "telephoneNumber", b"030 123456")),
        ldap.search(Comparison(Comparing.AT_LEAST, "cn", b"an"), ldap.sort("cn", "-sn"), ldap.paged(10)),
        ldap.search(nested, base="ou=company,dc=phonebook", scope=1),
        ldap.search(Or((Held("cn"),) * 100), base="uid=1,ou=company,dc=phonebook", scope=0),
        ldap.search(base="", scope=0, attributes=["+"]),
        ldap.compare("uid=1,ou=company,dc=phonebook", "cn", "anna"),
        ldap.extended("1.3.6.1.4.1.1466.20037"),
        ldap.message(ber.integer(3, 0x50)),
        ldap.message(
            ber.element(0x66, ber.octets("uid=1"), ber.element(0x30)), ldap.control("1.2", b"x", critical=True)
        ),
    ]


def mutated(chance: random.Random, seeds: list[bytes]) -> bytes:
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice([1, 1, 1, 2, 3, 8])):
        _mutate(chance, data, seeds)
    if chance.random() < 0.5 and len(data) > 2:  # a length that fits, so that more of it is read
        return ber.element(0x30, bytes(data[2:]))
    return bytes(data)


def _mutate(chance: random.Random, data: bytearray, seeds: list[bytes]) -> None:
    at = chance.randrange(len(data) + 1)
    match chance.randrange(6):
        case 0 if at < len(data):
            data[at] = chance.randrange(256)
        case 1 if at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        case 2:
            del data[at : at + chance.choice([1, 2, 5, 20])]
        case 3:
            data[at:at] = chance.randbytes(chance.choice([1, 2, 8]))
        case 4:
            other = chance.choice(seeds)
            begin = chance.randrange(len(other))
            data[at:at] = other[begin : begin + chance.choice([2, 8, 40])]
        case _:
            data[at:at] = bytes(data[at : at + 8]) * chance.choice([1, 10, 500])


class Fuzzed:
    """A session, and what came of the messages."""

    def __init__(self) -> None:
        self.store = open_store("memory:")
        ldap.fill(self.store)
        known = ldap.login(self.store, "1")
        self.seeds = requests(known.dn, known.secret)
        book, gate = PhoneBook(lambda: self.store), Gate(DeviceReader(lambda: self.store), ldap.LOOPBACK)
        form = DialForm(Form.NATIONAL, "DE", "0")
        self._directory = Directory(book, gate, dial_form=lambda device: form, limits=LIMITS)
        self._session = Session(self._directory, "127.0.0.1")
        self.outcomes: Counter[str] = Counter()

    def take(self, data: bytes) -> None:
        unread = bytearray(data)
        try:
            message = take_message(unread, LIMITS.message_bytes)
            if message is None:
                self.outcomes["not whole"] += 1
                return
            request = read_request(message, LIMITS)
        except ber.Malformed:
            self.outcomes["malformed"] += 1
            return
        self.outcomes["read"] += 1
        if self.outcomes["read"] % ANSWER_EVERY == 0 and not isinstance(request.operation, Bind):
            answers = ldap.answers_of(b"".join(self._session.answer(request)))
            self.outcomes[f"result {answers[0].code}" if answers else "no answer"] += 1


def memory() -> int:
    """Bytes of this process in memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def fuzz_messages(count: int, seed: int) -> int:
    chance, fuzzed, failures = random.Random(seed), Fuzzed(), 0
    begun, slowest, before = time.monotonic(), 0.0, 0
    for number in range(count):
        data = mutated(chance, fuzzed.seeds)
        spent = time.thread_time()
        try:
            fuzzed.take(data)
        except Exception:  # noqa: BLE001 - the point of it all
            failures += 1
            print(f"message {number} raises: {data.hex()}\n{traceback.format_exc()}")
        spent = time.thread_time() - spent
        slowest = max(slowest, spent)
        if spent > SLOW:
            failures += 1
            print(f"message {number} takes {spent:.2f} s: {data.hex()[:2_000]}")
        before = memory() if number == count // 10 else before
    grown = memory() - before
    print(
        f"{count:,} messages in {time.monotonic() - begun:.0f} s: {failures} failures, the slowest took "
        f"{slowest * 1000:.1f} ms, {grown / 2**20:+.1f} MiB since a tenth of them"
    )
    print(", ".join(f"{what}: {many:,}" for what, many in fuzzed.outcomes.most_common()))
    return failures + (grown > GROWTH)


def fuzz_oracle(count: int, seed: int) -> int:
    if missing := oracle.missing_of_slapd():
        print(f"slapd is not installed, so there is no oracle: {', '.join(missing)}")
        return 0
    begun, failures, asked_in_all = time.monotonic(), 0, 0
    while asked_in_all < count:
        some = min(2_000, count - asked_in_all)
        failures += _one_book(some, random.Random(seed * 1_000 + asked_in_all))
        asked_in_all += some
    print(f"{count:,} questions to slapd and to us in {time.monotonic() - begun:.0f} s: {failures} answers differ")
    return failures


def _one_book(count: int, chance: random.Random) -> int:
    failures = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(f"sqlite:///{folder}/book.db") as store,
        oracle.asking_both(store, Path(folder) / "slapd", chance) as differ,
    ):
        for _ in range(count):
            asked = oracle.question(chance)
            if wrong := differ(asked):
                failures += 1
                print(f"{asked}\n  " + "\n  ".join(wrong))
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("what", choices=["messages", "oracle"])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    runs: dict[str, Callable[[], int]] = {
        "messages": lambda: fuzz_messages(given.messages, given.seed),
        "oracle": lambda: fuzz_oracle(given.questions, given.seed),
    }
    return 1 if runs[given.what]() else 0


if __name__ == "__main__":
    sys.exit(main())
