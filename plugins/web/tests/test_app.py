"""What holds for every page: who may see it, what it is answered with, and that nothing foreign gets in."""

from __future__ import annotations

import pytest
from pbx_web.app import API
from pbx_web.origin import local
from pbx_web.page import Action, Page
from pbx_web.pages import ALL
from pbx_web.permissions import Role

from .conftest import Running, Start, Visit

PAGES = [page for page in ALL if isinstance(page, Page) and "{" not in page.path and page.least]
ACTIONS = [action for action in ALL if isinstance(action, Action) and action.least]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_page_is_seen_by_its_least_role_and_by_nobody_below(running: Running, page: Page) -> None:
    assert page.least is not None
    for role in Role:
        with running.client(role) as client:
            as_page, as_json = client.get(page.path), client.get(API + page.path.rstrip("/"))
        allowed = role.includes(page.least)
        assert (as_page.status_code, as_json.status_code) == (
            (200, 200) if allowed else (303 if page.path == "/" else 403, 403)
        ), role
    with running.client() as client:
        assert client.get(page.path).headers["location"].startswith("/login")
        assert client.get(API + page.path.rstrip("/")).status_code == 401


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.path)
def test_an_action_needs_its_role_its_token_and_our_origin(running: Running, action: Action) -> None:
    path = action.path.replace("{", "").replace("}", "")
    with running.client(Role.ADMIN) as client:
        token = client.headers.pop("x-csrf-token")
        assert client.post(path).status_code == 403
        for name, value in (("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")):
            assert client.post(path, headers={"x-csrf-token": token, name: value}).status_code == 403
    below = [role for role in Role if not role.includes(action.least)]  # type: ignore[arg-type]
    for role in below:
        with running.client(role) as client:
            assert client.post(path).status_code == 403


def test_every_answer_has_the_headers_that_keep_others_out(running: Running) -> None:
    with running.client(Role.ADMIN) as client:
        for path in ("/", "/nothing", "/static/style.css", f"{API}/nothing"):
            headers = client.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == (
                "public, max-age=31536000, immutable" if path.startswith("/static/") else "no-store"
            )


def test_a_name_that_somebody_made_point_here_gets_no_page(running: Running) -> None:
    with running.client(Role.ADMIN) as client:
        assert client.get("/", headers={"host": "evil.example"}).status_code == 421
        assert client.get("/", headers={"host": "localhost"}).status_code == 200


def test_the_phone_book_being_unreachable_is_said(running: Running) -> None:
    with running.client(Role.ADMIN) as client:
        running.failing = True
        unreachable = client.get("/")
        assert (unreachable.status_code, "unreachable" in unreachable.text) == (503, True)
        running.failing = False
        assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "to",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil", "javascript:alert(1)", "/\tx", "x", ""],
)
def test_nobody_is_sent_to_another_site(to: str) -> None:
    assert local(to) == "/"


def test_the_language_is_the_readers_choice_or_the_browsers(start: Start) -> None:
    with start().client(Role.ADMIN) as client:
        assert 'lang="en"' in client.get("/").text
        assert 'lang="de"' in client.get("/", headers={"accept-language": "de-AT,en;q=0.5"}).text
        assert client.post("/language", data={"language": "de", "to": "/"}).headers["location"] == "/"
        assert 'lang="de"' in client.get("/").text


def test_the_browser_has_nothing_to_complain_of(visit: Visit) -> None:
    page = visit(Role.ADMIN).page()
    page.goto("/")
    assert page.locator("h1").inner_text() == "Overview"
