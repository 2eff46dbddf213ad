"""Whom single sign-on lets in, and as what."""

from __future__ import annotations

from typing import Any

import pytest
from pbx_web.login.settings import OidcSettings
from pbx_web.login.single_sign_on import NotAdmitted, identity
from pydantic import ValidationError

from pbx_connector.api import Role

# --- who gets in as what -----------------------------------------------------------------------------------------


def settings(**said: Any) -> OidcSettings:
    held = {"issuer": "https://login.example.org", "client": "pbx", "roles": {"a": "editor", "b": "admin"}, **said}
    return OidcSettings.model_validate(held)


@pytest.mark.parametrize(
    ("groups", "role"),
    [(["a"], Role.EDITOR), (["a", "b"], Role.ADMIN), ("b", Role.ADMIN), (["c"], None), ([], None), (None, None)],
)
def test_the_highest_role_counts(groups: Any, role: Role | None) -> None:
    said = {"sub": "1", "groups": groups}
    if role:
        assert identity(said, settings()).role is role
    else:
        with pytest.raises(NotAdmitted, match="no role"):
            identity(said, settings())
        assert identity(said, settings(default="reader")).role is Role.READER


@pytest.mark.parametrize("groups", [[["a"]], [{"a": 1}], {"a": 1}, 7, [None], "ab", ["A"]], ids=str)
def test_what_is_no_group_gives_no_role(groups: Any) -> None:
    with pytest.raises(NotAdmitted):
        identity({"sub": "1", "groups": groups}, settings())


def test_too_many_groups_are_said() -> None:
    """Entra ID leaves them out of the token then."""
    with pytest.raises(NotAdmitted, match="too many groups"):
        identity({"sub": "1", "_claim_names": {"groups": "src1"}}, settings())


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ({"tid": "t1"}, True),
        ({"tid": "t2"}, False),
        ({}, False),
    ],
)
def test_people_of_another_tenant_stay_out(said: dict[str, Any], allowed: bool) -> None:
    whole = {"sub": "1", "groups": ["a"], **said}
    if allowed:
        assert identity(whole, settings(tenant="t1"))
    else:
        with pytest.raises(NotAdmitted, match="another tenant"):
            identity(whole, settings(tenant="t1"))


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ({"email": "ann@Example.org", "email_verified": True}, True),
        ({"email": "ann@example.org"}, False),
        ({"email": "ann@example.org", "email_verified": "true"}, False),
        ({"email": "ann@example.org@evil.example", "email_verified": True}, False),
        ({"email": "ann@sub.example.org", "email_verified": True}, False),
        ({"email": ["ann@example.org"], "email_verified": True}, False),
    ],
)
def test_people_of_another_domain_stay_out(said: dict[str, Any], allowed: bool) -> None:
    whole = {"sub": "1", "groups": ["a"], **said}
    if allowed:
        assert identity(whole, settings(domains="example.org"))
    else:
        with pytest.raises(NotAdmitted, match="no verified e-mail"):
            identity(whole, settings(domains="example.org"))


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"issuer": "http://login.example.org"}, "issuer: must be an https address"),
        ({"roles": {}}, "who gets in as what"),
        ({"roles": {"a": "root"}}, "admin"),
        ({"scopes": ["profile"]}, "must have openid"),
        ({"client": ""}, "client"),
    ],
)
def test_settings_that_cannot_be_are_refused(said: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        settings(**said)
