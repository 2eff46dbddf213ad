"""A provider of log-ins that lies, is slow or makes no sense."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import httpx
import pytest
from pbx_web.login.provider import AT_ONCE, FRESH, Provider, ProviderUnavailable, Request, TokenRefused
from pbx_web.login.settings import OidcSettings

from .oidc_provider import Liar, new_key, serving, signed_by_what_everybody_knows, unsigned

NOW = 1_800_000_000.0


def test_a_slow_provider_takes_few_threads(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()

    def slow(*_: Any) -> bytes:
        goes_on.wait(100)
        return b""

    monkeypatch.setattr(liar, "answer", slow)
    asked = provider(liar)
    request = Request("state", "nonce", "verifier", "http://127.0.0.1/login/callback")

    def ask(_: int) -> str:
        try:
            return asked.login_url(request)
        except ProviderUnavailable as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(ask, number) for number in range(8)]
        first = next(as_completed(waiting)).result()
        goes_on.set()
    assert first == "too many log-ins wait for it"
    assert len(liar.asked) <= AT_ONCE + 4  # whoever waited for a place when others left got one


# --- a provider that lies ----------------------------------------------------------------------------------------


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


def provider(liar: Liar, clock: Callable[[], float] = lambda: NOW, **settings: Any) -> Provider:
    liar.now = clock
    held = {"issuer": liar.url, "client": "pbx", "default": "reader", **settings}
    return Provider(OidcSettings.model_validate(held), clock)


def claims(liar: Liar, asked: Provider) -> Any:
    request = Request("state", "the nonce", "the verifier", "http://127.0.0.1/login/callback")
    asked.login_url(request)
    liar.nonce = liar.nonce or request.nonce
    return asked.answer("code", request).claims


@pytest.fixture
def liar() -> Iterator[Liar]:
    with serving(Liar()) as served:
        yield served


def test_what_is_right_is_believed(liar: Liar) -> None:
    found = claims(liar, provider(liar))
    assert found["sub"] == "4711"
    assert liar.said["code_verifier"] == "the verifier"
    assert liar.said["authorization"] == ""


@pytest.mark.parametrize(
    "said",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": ["pbx", "another"]},
        {"aud": ["pbx", "another"], "azp": "another"},
        {"aud": None},
        {"aud": []},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"sub": None},
        {"sub": 4711},
        {"sub": ""},
        {"exp": int(NOW) - 61},
        {"exp": None},
        {"exp": "never"},
        {"iat": int(NOW) + 61},
        {"iat": None},
        {"nbf": int(NOW) + 61},
        {"at_hash": "another"},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us_and_now_is_refused(liar: Liar, said: dict[str, Any]) -> None:
    liar.claims = said
    with pytest.raises(TokenRefused):
        claims(liar, provider(liar))


@pytest.mark.parametrize(
    "said", [{"exp": int(NOW) - 59}, {"iat": int(NOW) + 59}, {"nbf": int(NOW) + 59}, {"aud": ["pbx"]}], ids=str
)
def test_a_clock_may_differ_by_a_minute(liar: Liar, said: dict[str, Any]) -> None:
    liar.claims = said
    assert claims(liar, provider(liar))["sub"] == "4711"
    if "aud" not in said:
        with pytest.raises(TokenRefused):
            claims(liar, provider(liar, leeway="0s"))


@pytest.mark.parametrize(
    "signed",
    [
        unsigned,
        signed_by_what_everybody_knows,
        lambda said, key: Liar().signed(said, new_key(str(key.kid))),
        lambda said, key: "",
        lambda said, key: "x.y.z",
        lambda said, key: None,
        lambda said, key: {"sub": "4711"},
    ],
    ids=["none", "HS256", "foreign key", "empty", "no token", "null", "object"],
)
def test_a_token_that_the_provider_has_not_signed_is_refused(liar: Liar, signed: Any) -> None:
    liar.signed = signed
    with pytest.raises(TokenRefused):
        claims(liar, provider(liar))


def test_keys_that_were_changed_are_read_again(liar: Liar) -> None:
    asked = provider(liar)
    claims(liar, asked)
    for kid in ("two", "two", "one"):  # a new name, and a new key under an old name
        liar.key = new_key(kid)
        assert claims(liar, asked)["sub"] == "4711"
    assert liar.asked.count("/.well-known/openid-configuration") == 1


def test_addresses_are_read_again_after_an_hour(liar: Liar) -> None:
    clock = Clock()
    asked = provider(liar, clock)
    for clock.now in (NOW, NOW + FRESH - 1, NOW + FRESH + 1, NOW + FRESH + 2, NOW):
        claims(liar, asked)
    assert liar.asked.count("/.well-known/openid-configuration") == 3


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_the_secret_is_shown_as_the_provider_wants(liar: Liar, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PBX_TEST_SECRET", "a/b c")
    liar.metadata = {"token_endpoint_auth_methods_supported": [method]}
    claims(liar, provider(liar, secret={"env": "PBX_TEST_SECRET"}))
    basic = httpx.BasicAuth("pbx", "a%2Fb+c")._auth_header
    assert (liar.said["authorization"] == basic) is (method == "client_secret_basic")
    assert (liar.said.get("client_secret") == "a/b c") is (method == "client_secret_post")


def test_a_secret_that_is_not_there_is_said_without_its_name(liar: Liar) -> None:
    with pytest.raises(ProviderUnavailable, match="environment variable"):
        claims(liar, provider(liar, secret={"env": "PBX_TEST_NO_SUCH_SECRET"}))


@pytest.mark.parametrize(
    "said",
    [
        {"metadata": {"issuer": "https://evil.example"}},
        {"metadata": {"token_endpoint": "http://evil.example/token"}},
        {"metadata": {"authorization_endpoint": "javascript:alert(1)"}},
        {"metadata": {"jwks_uri": None}},
        {"metadata": {"token_endpoint": ["https://evil.example"]}},
        {"body": b"<html>"},
        {"body": b"[]"},
        {"body": b""},
        {"body": b"[" * 100_000},
        {"body": b'{"issuer": "' + b"x" * 2_000_000 + b'"}'},
    ],
    ids=range(10),
)
def test_a_provider_that_makes_no_sense_is_not_asked_further(liar: Liar, said: dict[str, Any]) -> None:
    for name, value in said.items():
        setattr(liar, name, value)
    with pytest.raises(ProviderUnavailable):
        claims(liar, provider(liar))
    assert set(liar.asked) <= {"/.well-known/openid-configuration"} | ({"/token"} if "jwks_uri" in str(said) else set())


def test_a_provider_that_fails_is_refused(liar: Liar) -> None:
    asked = provider(liar)
    claims(liar, asked)
    liar.status = 400
    with pytest.raises(TokenRefused):
        claims(liar, asked)
    with pytest.raises((TokenRefused, ProviderUnavailable)):
        claims(liar, provider(liar))


# --- who gets in as what -----------------------------------------------------------------------------------------
