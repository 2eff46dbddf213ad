"""Requests in the name of somebody who is logged in, by another site or another host."""

from __future__ import annotations

import pytest
from pbx_web.app import API
from pbx_web.login.kept_form import PREFIX, TARGET
from pbx_web.login.sessions import form_token

from .conftest import Running, Start
from .login_support import (
    PASSWORD,
    Forms,
    log_in,
    logged_in,
    page_token,
    token,
    visitor,
    with_ann,
)
from .probes import CALCULATION, RESULT

EVIL = "https://evil.example"


@pytest.fixture
def running(start: Start) -> Running:
    return with_ann(start)


# --- in somebody's name ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": EVIL, "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/login", "/logout", "/password", "/login/resume", "/setup/x"])
def test_what_comes_from_another_site_is_not_done(running: Running, path: str, headers: dict[str, str]) -> None:
    with logged_in(running) as client:
        fields = {"csrf_token": page_token(client), "name": "ann", "password": PASSWORD, TARGET: "/password"}
        assert client.post(path, data=fields, headers=headers).status_code == 403
        assert client.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/login", "/logout", "/password"])
def test_what_has_no_token_of_this_session_is_not_done(running: Running, path: str) -> None:
    with logged_in(running) as other:
        foreign = page_token(other)
    with logged_in(running) as client:
        mine = page_token(client)
        assert mine != foreign
        for given in ("", "x", mine[:-1], mine.upper(), foreign, form_token(""), form_token("planted"), "\udcff", "é"):
            fields = {"csrf_token": given.encode("utf-8", "replace"), "name": "ann", "password": PASSWORD}
            assert client.post(path, data=fields).status_code == 403, given
        assert client.post(path).status_code == 403
        assert client.post(f"{path}?csrf_token={mine}").status_code == 403
        assert client.post(API + path, json={"csrf_token": foreign}).status_code == 403
        assert client.get("/").status_code == 200


def test_nobody_is_logged_in_as_somebody_else_by_another_site(running: Running) -> None:
    """The token of a log-in form is worth something in the browser that got it alone."""
    with visitor(running) as attacker:
        theirs = token(attacker)
    with visitor(running) as victim:
        victim.get("/login")
        fields = {"csrf_token": theirs, "name": "ann", "password": PASSWORD}
        assert victim.post("/login", data=fields).status_code == 403
    with visitor(running) as victim:
        assert victim.post("/login", data=fields).status_code == 403


def test_a_form_of_another_site_is_not_carried_through_the_log_in(running: Running) -> None:
    with visitor(running) as client:
        mine = token(client)
        for headers, given in (
            ({}, mine),
            ({"origin": EVIL}, mine),
            ({"sec-fetch-site": "cross-site"}, mine),
            ({"origin": running.url}, ""),
            ({"origin": running.url}, form_token("planted")),
        ):
            fields = {"old": "x", "new": "chosen by somebody else", "csrf_token": given}
            answer = client.post("/password", data=fields, headers=headers)
            assert answer.status_code == 303, headers
            assert "chosen" not in answer.text


@pytest.mark.parametrize(
    "to",
    ["//evil.example", "/\\evil.example", "https:evil.example", EVIL, "javascript:alert(1)", "\\\\evil", "/\t/evil"],
)
def test_nobody_is_sent_to_another_site_after_the_log_in(running: Running, to: str) -> None:
    with visitor(running) as client:
        page = client.get("/login", params={"next": to})
        assert Forms(page.text).form("/login")["next"] == "/"
        assert log_in(client, more={"next": to}).headers["location"] == "/"
        assert client.get("/login", params={"next": to}).headers["location"] == "/"


@pytest.mark.parametrize("to", ["//evil.example/x", EVIL, "javascript:alert(1)", "/login", "/login/resume", "", "/"])
def test_no_form_is_carried_to_where_it_cannot_have_come_from(running: Running, to: str) -> None:
    with visitor(running) as client:
        answer = log_in(client, more={TARGET: to, f"{PREFIX}note": "typed"})
        assert answer.status_code == 303


def test_what_was_kept_is_text_whatever_it_says(running: Running) -> None:
    hostile = f"</textarea><script>alert(1)</script>{CALCULATION}\u202e'\"><img src=x onerror=alert(1)>"
    with visitor(running) as client:
        page = log_in(client, more={TARGET: "/password", f"{PREFIX}{hostile}": hostile})
        assert page.status_code == 200
        assert "<script>" not in page.text
        assert "<img" not in page.text
        assert RESULT not in page.text
        assert Forms(page.text).form("/password")[hostile] == hostile


def test_a_host_of_somebody_else_is_in_no_answer(running: Running) -> None:
    with visitor(running) as client:
        for headers in (
            {"x-forwarded-host": "evil.example"},
            {"x-forwarded-proto": "https"},
            {"forwarded": "host=evil.example;proto=https"},
            {"x-original-url": "//evil.example"},
        ):
            for path in ("/", "/login", "/login?next=/x"):
                answer = client.get(path, headers=headers)
                assert "evil.example" not in answer.text + str(answer.headers)
                assert "Secure" not in answer.headers.get("set-cookie", "")
        assert client.get("/login", headers={"host": "evil.example"}).status_code == 421
        assert log_in(client).headers["location"] == "/"
