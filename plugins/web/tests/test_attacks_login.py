"""What somebody would try who wants to get in, or to have something done in the name of who is in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pbx_web.app import API, FIELDS
from pbx_web.login.kept_form import PREFIX
from pbx_web.login.pages import LONGEST_FORM
from pbx_web.login.sessions import MOST, Sessions, form_token
from pbx_web.login.settings import LoginSettings

from pbx_connector.api import Role, User, WebSession, application
from pbx_connector.stores import open_store

from .conftest import Running, Start
from .login_support import (
    PASSWORD,
    Forms,
    actions,
    counted,
    known,
    log_in,
    logged_in,
    page_token,
    token,
    visitor,
    with_ann,
)


@pytest.fixture
def running(start: Start) -> Running:
    return with_ann(start)


# --- sessions ----------------------------------------------------------------------------------------------------


def test_a_session_that_was_planted_is_not_the_one_of_the_log_in(running: Running) -> None:
    planted = {"cookie": "session=planted"}
    with visitor(running) as client:
        fields = {"csrf_token": form_token("planted"), "name": "ann", "password": PASSWORD}
        answer = client.post("/login", data=fields, headers=planted)
        assert answer.status_code == 303
        assert "session=planted" not in answer.headers["set-cookie"]
    with visitor(running) as attacker:
        assert attacker.get("/", headers=planted).status_code == 303


def test_a_log_in_ends_the_session_before_it(running: Running) -> None:
    known(running, "bob", Role.READER)
    with logged_in(running) as client:
        before = client.cookies["session"]
        fields = {"csrf_token": page_token(client), "name": "bob", "password": PASSWORD}
        assert client.post("/login", data=fields).status_code == 303
    with visitor(running) as client:
        client.cookies["session"] = before
        assert client.get("/").status_code == 303
    assert [session.user for session in running.store.sessions()] == ["bob"]


def test_what_the_store_has_logs_nobody_in(running: Running) -> None:
    with logged_in(running) as client:
        [session] = running.store.sessions()
        assert client.cookies["session"] not in repr(session)
    with visitor(running) as attacker:
        for id in (session.digest, session.user, "", "' OR 1=1 --", "\xff" * 40, "x" * 8_000):
            attacker.cookies.clear()
            assert attacker.get("/", headers={b"cookie": f"session={id}".encode("latin-1")}).status_code == 303


def test_a_cookie_is_for_us_alone(start: Start) -> None:
    running = start(proxies=["127.0.0.1/32"])
    counted(running)
    known(running)
    for headers, name in (({}, "session"), ({"x-forwarded-proto": "https"}, "__Host-session")):
        with visitor(running, **headers) as client:
            form = {"name": "ann", "password": PASSWORD}
            page = client.get("/login")
            cookies = {name: page.headers["set-cookie"].partition("=")[2].partition(";")[0]}
            form["csrf_token"] = Forms(page.text).form("/login")["csrf_token"]
            client.cookies.clear()
            said = client.post("/login", data=form, headers={"cookie": f"{name}={cookies[name]}"}).headers["set-cookie"]
        assert said.startswith(f"{name}=")
        assert "; HttpOnly" in said
        assert "; Path=/" in said
        assert "; SameSite=lax" in said
        assert "Domain" not in said
        assert ("; Secure" in said) is bool(headers)


def test_a_cookie_without_the_prefix_counts_for_nothing_over_https(start: Start) -> None:
    running = start(proxies=["127.0.0.1/32"])
    cookies, _ = running.cookies(Role.ADMIN)
    with httpx.Client(base_url=running.url, cookies=cookies, timeout=60) as client:
        assert client.get("/").status_code == 200
        assert client.get("/", headers={"x-forwarded-proto": "https"}).status_code == 303


def test_who_is_disabled_is_out_at_once(running: Running) -> None:
    known(running, "bob", Role.ADMIN)
    with logged_in(running) as client:
        application.users.disable_user(running.store, "ann")
        assert client.get("/").status_code == 303
        assert client.get(API).status_code == 401
        assert log_in(client).status_code == 401
        application.users.disable_user(running.store, "ann", False)
        assert client.get("/").status_code == 303


def test_a_role_that_was_taken_away_counts_no_more(running: Running) -> None:
    known(running, "bob", Role.ADMIN)
    with logged_in(running) as client:
        application.users.change_role(running.store, "ann", Role.READER)
        assert client.get("/").status_code == 303
        log_in(client)
        assert client.get("/runs").status_code == 403


def test_a_user_who_is_changed_while_he_logs_in_does_not_get_in(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(running, "bob", Role.ADMIN)
    right = running.server.site.authentication.by_password

    def meanwhile(*given: str) -> User:
        user = right(*given)
        application.users.disable_user(running.store, "ann")
        return user

    monkeypatch.setattr(running.server.site.authentication, "by_password", meanwhile)
    with visitor(running) as client:
        assert log_in(client).status_code == 401
    assert running.store.sessions() == []


def test_log_outs_at_once_are_one(running: Running) -> None:
    with logged_in(running) as client:
        fields, cookies = {"csrf_token": page_token(client)}, dict(client.cookies)

        def leave(_: int) -> int:
            with httpx.Client(base_url=running.url, cookies=cookies, timeout=60) as other:
                return other.post("/logout", data=fields).status_code

        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(leave, range(8))) == {200}
    assert running.store.sessions() == []
    assert [action for _, action, _ in actions(running)].count("log-out") == 1


def test_sessions_of_one_user_do_not_fill_the_table() -> None:
    with open_store("memory:") as store:
        now = datetime(2026, 11, 29, tzinfo=UTC)
        ann = application.users.add_user(store, "ann", Role.READER, password="digest")
        for number in range(500):
            moment = now + timedelta(seconds=number)
            store.begin_session(WebSession(f"{number}", "ann", moment, moment, moment), ann, MOST)
        assert len(store.sessions()) == MOST


def test_who_asks_without_logging_in_leaves_nothing_behind(running: Running) -> None:
    for _ in range(50):
        with visitor(running) as client:
            client.get("/login")
            client.get("/")
    assert running.store.sessions() == []
    assert running.store.audit() == []


def test_the_time_of_many_sessions_is_not_kept_for_ever() -> None:
    with open_store("memory:") as store:
        ann = application.users.add_user(store, "ann", Role.READER, password="digest")
        now = datetime(2026, 11, 29, tzinfo=UTC)
        sessions = Sessions(lambda: store, LoginSettings, lambda: now)
        for number in range(2_000):
            held = WebSession(f"{number}", "ann", now, now - timedelta(minutes=2), now + timedelta(hours=1))
            store.begin_session(held, ann, 5)
            sessions._note(held, now + timedelta(minutes=number))
        assert len(sessions._noted) <= 31


# --- what is sent ------------------------------------------------------------------------------------------------


def test_a_body_that_is_too_long_is_not_read(running: Running) -> None:
    with visitor(running) as client:
        fields = {"csrf_token": token(client), "name": "ann", "password": PASSWORD}
        long = {**fields, f"{PREFIX}x": "y" * LONGEST_FORM}
        assert client.post("/login", data=long).status_code == 413
        many = {**fields, **{f"{PREFIX}{number}": "" for number in range(FIELDS + 10)}}
        assert client.post("/login", data=many).status_code == 400
        parts = {name: (None, value) for name, value in many.items()}
        assert client.post("/login", files=parts).status_code == 400
        assert client.post("/login", json=fields | {"x": "y" * LONGEST_FORM}).status_code == 413
        assert (
            client.post("/login", content=b"\xff" * 1000, headers={"content-type": "application/json"}).status_code
            < 500
        )
        assert client.post("/login", data=fields).status_code == 303


def test_a_password_in_an_address_is_not_accepted(running: Running) -> None:
    with visitor(running) as client:
        said = {"name": "ann", "password": PASSWORD}
        fields = {"csrf_token": token(client)}
        assert client.post("/login", params=said, data=fields).status_code == 401
        assert client.get("/login", params=said).status_code == 200
        assert PASSWORD not in client.get("/login", params=said).text
    assert running.store.sessions() == []


def test_a_link_is_used_once_whoever_tries(start: Start) -> None:
    running = start()
    counted(running)
    made = application.setup_links.make_setup_link(running.store, None, running.server.site.now())

    def use(number: int) -> int:
        with visitor(running) as client:
            page = client.get(f"/setup/{made}")
            if page.status_code != 200:
                return page.status_code
            form = Forms(page.text).form(f"/setup/{made}")
            fields = form | {"name": f"user{number}", "new": PASSWORD, "again": PASSWORD}
            return client.post(f"/setup/{made}", data=fields).status_code

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(use, range(8)))
    assert sorted(found) == [303] + [404] * 7
    assert len(running.store.users()) == 1


def test_of_two_links_the_older_one_is_worth_nothing(start: Start) -> None:
    running = start()
    older, newer = (
        application.setup_links.make_setup_link(running.store, None, running.server.site.now()) for _ in range(2)
    )
    with visitor(running) as client:
        assert client.get(f"/setup/{older}").status_code == 404
        assert client.get(f"/setup/{newer}").status_code == 200
        for wrong in ("x", newer[:-1], newer.swapcase(), "%00", "%ff", "x" * 4_000):
            assert client.get(f"/setup/{wrong}").status_code == 404
