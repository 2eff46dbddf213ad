"""MSAL: Microsoft's library for tokens signs in, and understands what it is refused with."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import sign_in


def test_it_gets_a_token(sandbox: dict[str, Any]) -> None:
    answer = sign_in(sandbox)
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] > 3000


@pytest.mark.parametrize(
    ("change", "number"), [({"client_secret": "wrong"}, 7000215), ({"client_id": "unknown"}, 700016)]
)
def test_it_reads_a_refusal(sandbox: dict[str, Any], change: dict[str, str], number: int) -> None:
    answer = sign_in(sandbox, **change)
    assert answer["error_codes"] == [number]
    assert f"AADSTS{number}" in answer["error_description"]


def test_it_misses_an_unknown_tenant(sandbox: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="tenant"):
        sign_in(sandbox, tenant="elsewhere.example")
