"""No text that a finding quotes shows a secret, least of all one in a file that is no proper YAML."""

from __future__ import annotations

import time

import pytest
from pbx_rules import Span

from pbx_connector.documents import masked

HIDDEN = [
    "password: hunter2",
    "  password: hunter2",
    "   password: hunter2: foo",
    'password: "hunter2',
    "password: @hunter2",
    "password: {env: hunter2, }}",
    "password: {value: hunter2}",
    "password: [hunter2]",
    "pasword: hunter2",
    "Passwort: hunter2",
    "client_secret: hunter2",
    '"password": "hunter2",',
    "settings: {email: a@b, password: hunter2}",
    "settings: {email: a@b, password: hunter2, url: x",
    "smtp:\n  password: |\n    hunter2\n    hunter2\n  host: x",
    "password:\n  value: hunter2",
    "password: first\n   hunter2",
    "password: {env: X} hunter2",
    "password: {env: X}, hunter2",
    "password: {env: X}, hunter2: 5",
    "password: {env: X} , {file: hunter2}",
    "password: {env: X}  # hunter2",
    "password: {env: X}\n   hunter2",
    "settings: {email: a@b, password: {env: X}, hunter2}",
    "settings: {email: a@b, password: {env: X}, {file: hunter2}, url: x}",
    "settings: {email: a@b, password: {env: X}}, hunter2",
    "- token: hunter2",
    "password:hunter2",
    "  password=hunter2",
    "  - password hunter2",
    "password: !hunter2",
    "stroe: postgresql://ann:hunter2@db/book",
    "store: 'postgresql://ann:p@hunter2 #@db'",
    "store: postgresql://ann@db/book?sslmode=require&password=hunter2",
]
REFERENCES = {
    "password: {env: hunter2}": "password: {env: *******}",
    "  password: {file: a/hunter2}  # kept by root": "  password: {file: *********}  **************",
    "password: {keyring: 'hunter2 #'}": "password: {keyring: ***********}",
    "password: {vault: hunter2}": "password: {vault: *******}",
    "settings: {email: a@b, password: {env: hunter2}, url: https://x}": (
        "settings: {email: a@b, password: {env: *******}, url: https://x}"
    ),
    "password:\n  env: hunter2\nurl: x": "password:\n  env: *******\nurl: x",
    "- token: {env: hunter2}\n  url: x": "- token: {env: *******}\n  url: x",
    "settings: {\n  password: {env: hunter2},\n  url: x}": "settings: {\n  password: {env: *******}*\n  url: x}",
    'client_secret:\n  "env" : hunter2\n': 'client_secret:\n  "env" : *******\n',
}
SHOWN = [
    "email: pbx@example.com",
    "store: postgresql:///book?host=/run/postgresql",
    "# password: where is it?",
    "  Token = [User1]",
    '  DisplayName = join(", ", [Surname])',
    "structure:\n  phonebook:\n    - 028pho_bez: x",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_a_secret_is_blacked_out_in_place(text: str) -> None:
    shown = masked(text)
    assert "hunter2" not in shown
    assert [len(line) for line in shown.split("\n")] == [len(line) for line in text.split("\n")]


@pytest.mark.parametrize(("text", "shown"), REFERENCES.items())
def test_what_a_reference_names_may_be_the_secret_itself(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_a_key_that_may_be_a_secret_is_hidden_with_what_stands_behind_it() -> None:
    assert masked("auth:\n  hunter2: hunter3\n", [Span(2, 3, 2, 10)]) == "auth:\n  ****************\n"


@pytest.mark.parametrize("text", SHOWN)
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked(text) == text


def test_what_stands_after_a_secret_stays() -> None:
    assert masked("password: |\n  hunter2\nurl: https://example.com").endswith("\nurl: https://example.com")


ENDLESS = {
    "one word": "x" * 1_000_000,
    "one word in quotes": 'A = "' + "x-" * 500_000,
    "addresses without an owner": "x://" * 250_000,
    "addresses": "x://a@" * 170_000,
    "parameters": "?pass" * 200_000,
    "a parameter": "?" + "pass" * 250_000,
    "words": "a " * 500_000,
    "blanks": "a" + " " * 1_000_000 + "b",
    "references": "{" + "password: {env: a}, " * 50_000,
    "keys": "".join(f"k{number}: x\n" for number in range(100_000)),
    "empty lines": "password: x\n" + "\n" * 1_000_000,
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_long_line_or_many_take_time_by_their_length(kind: str) -> None:
    """A generous bound: what it guards against takes minutes, or hours."""
    started = time.process_time()
    shown = masked(ENDLESS[kind])
    assert time.process_time() - started < 60
    assert len(shown) == len(ENDLESS[kind])


@pytest.mark.parametrize(
    "key", ["pasword", "passwrd", "psswort", "secrt", "tokn", "passfrase", "clientsecret", "tocken"]
)
def test_a_misspelt_key_is_one_all_the_same(key: str) -> None:
    assert masked(f"{key}: hunter2") == f"{key}: *******"
