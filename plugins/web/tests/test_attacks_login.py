"""What somebody would try who wants to get in, or to have something done in the name of who is in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pbx_web.app import API, FIELDS
from pbx_web.login import authentication
from pbx_web.login.authentication import TRIES_OF_ADDRESS, TRIES_OF_USER, Authentication, LoginRefused
from pbx_web.login.kept_form import PREFIX, TARGET
from pbx_web.login.pages import LONGEST_FORM
from pbx_web.login.sessions import MOST, Sessions, form_token
from pbx_web.login.settings import LoginSettings

from pbx_connector.api import Role, User, WebSession, application
from pbx_connector.stores import open_store

from .conftest import Running, Start
from .login_support import (
    CHEAP,
    PASSWORD,
    CountedPasswords,
    Forms,
    actions,
    counted,
    known,
    log_in,
    logged_in,
    page_token,
    token,
    visitor,
)
from .probes import CALCULATION, RESULT

EVIL = "https://evil.example"


@pytest.fixture
def running(start: Start) -> Running:
    made = start()
    counted(made)
    known(made)
    return made


# --- guessing ----------------------------------------------------------------------------------------------------


class Guessing:
    """Passwords tried on a store with one user, by a clock of the test's own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.store = open_store("memory:")
        self.passwords = CountedPasswords(CHEAP)
        self.door = Authentication(lambda: self.store, self.passwords, lambda: self.now)
        application.users.add_user(self.store, "ann", Role.ADMIN, password=CHEAP.hash(PASSWORD))

    def tries(self, name: str, password: str, address: str = "192.0.2.7") -> int:
        """The status of the answer."""
        try:
            user = self.door.by_password(name, password, address)
        except LoginRefused as refused:
            return refused.status
        application.audit.note_audit(
            self.store, application.audit.Actor(user.name, address), application.audit.AuditAction.LOGIN
        )
        return 200


def test_whoever_guesses_waits_and_then_may_try_again() -> None:
    guessing = Guessing()
    found = [guessing.tries("ann", f"guess number {number}") for number in range(TRIES_OF_USER + 5)]
    assert found == [401] * TRIES_OF_USER + [429] * 5
    assert guessing.passwords.looked_at == TRIES_OF_USER
    assert guessing.tries("ann", PASSWORD) == 429
    guessing.now += authentication.WINDOW + 1
    assert guessing.tries("ann", PASSWORD) == 200


def test_one_address_tries_few_passwords_on_many_names() -> None:
    guessing = Guessing()
    found = [guessing.tries(f"user{number}", "the same password") for number in range(TRIES_OF_ADDRESS + 5)]
    assert found == [401] * TRIES_OF_ADDRESS + [429] * 5
    assert guessing.tries("ann", PASSWORD, "192.0.2.8") == 200


def test_one_network_of_ipv6_is_one_address() -> None:
    guessing = Guessing()
    found = [guessing.tries(f"user{n}", "the same password", f"2001:db8::{n:x}") for n in range(TRIES_OF_ADDRESS + 1)]
    assert found[-1] == 429


def test_many_addresses_try_few_passwords_on_one_name() -> None:
    guessing = Guessing()
    found = [guessing.tries("ann", f"guess {number}", f"192.0.2.{number}") for number in range(TRIES_OF_USER + 5)]
    assert found == [401] * TRIES_OF_USER + [429] * 5


def test_nobody_can_be_kept_out_from_afar() -> None:
    guessing = Guessing()
    assert guessing.tries("ann", PASSWORD, "198.51.100.1") == 200
    for number in range(200):
        guessing.tries("ann", "a guess that is wrong", f"192.0.2.{number}")
    assert guessing.tries("ann", PASSWORD, "192.0.2.250") == 429
    assert guessing.tries("ann", PASSWORD, "198.51.100.1") == 200


def test_who_knows_one_password_cannot_guess_another_without_end() -> None:
    """A log-in of his own takes back no wrong guess."""
    guessing = Guessing()
    application.users.add_user(guessing.store, "bob", Role.READER, password=CHEAP.hash(PASSWORD))
    found = []
    for number in range(TRIES_OF_ADDRESS + 2):
        found.append(guessing.tries(f"name{number}", "a guess that is wrong"))
        guessing.tries("bob", PASSWORD)
    assert found[-1] == 429


def test_guesses_at_once_are_no_more_than_one_after_the_other() -> None:
    guessing = Guessing()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: guessing.tries("ann", f"guess {number}"), range(60)))
    assert found.count(401) == TRIES_OF_USER


def test_a_user_who_does_not_exist_costs_as_much() -> None:
    guessing = Guessing()
    application.users.add_user(guessing.store, "new", Role.READER)
    application.users.disable_user(guessing.store, "new")
    for name in ("ann", "nobody", "new", "no name at all", "", "\0", "\udcff", "x" * 100_000):
        before = guessing.passwords.looked_at
        assert guessing.tries(name, "a guess that is wrong", f"192.0.2.{before}") == 401
        assert guessing.passwords.looked_at == before + 1


def test_names_that_nobody_can_have_are_no_name_that_somebody_uses_up() -> None:
    guessing = Guessing()
    for number in range(TRIES_OF_USER + 5):
        guessing.tries("no name at all", "a guess that is wrong", f"192.0.2.{number}")
    assert guessing.tries("no name either", "a guess that is wrong", "192.0.2.99") == 401


@pytest.mark.parametrize("password", ["", "\0", "\udcff", "x" * 1_000_000, PASSWORD + "\0", PASSWORD + " "])
def test_no_strange_password_is_right(password: str) -> None:
    assert Guessing().tries("ann", password) == 401


def test_nobody_gets_in_without_a_password_of_his_own() -> None:
    guessing = Guessing()
    application.users.add_user(guessing.store, "new", Role.READER)
    for digest in (None, "", "plain text", "$argon2id$broken"):
        new = User("new", Role.READER, digest)
        guessing.store.change_users(lambda held, new=new: {**held, "new": new})  # type: ignore[misc]
        for password in ("", "None", "plain text", "$argon2id$broken"):
            guessing.now += authentication.WINDOW + 1
            assert guessing.tries("new", password) == 401


def test_a_flood_of_guesses_is_a_few_lines_of_the_audit(running: Running) -> None:
    with visitor(running) as client:
        form = {"csrf_token": token(client), "name": "ann", "password": "wrong horse battery"}
        found = [client.post("/login", data=form).status_code for _ in range(TRIES_OF_USER + 20)]
        assert found[-1] == 429
    assert len(actions(running)) == TRIES_OF_USER


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
    with httpx.Client(base_url=running.url, cookies=cookies) as client:
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
            with httpx.Client(base_url=running.url, cookies=cookies) as other:
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
