"""Log-in, log-out, a new password, and the first administrator."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from pbx_web.app import API
from pbx_web.asking import Ask
from pbx_web.language import language
from pbx_web.login.passwords import password_fault
from pbx_web.login.sessions import MOST
from playwright.sync_api import expect
from starlette.requests import Request

from pbx_connector.api import Role, User, application

from .conftest import Running, Start, Visit
from .login_support import PASSWORD, Forms, actions, counted, known, log_in, logged_in, page_token, visitor


@pytest.fixture
def running(start: Start) -> Running:
    made = start()
    counted(made)
    known(made)
    return made


def test_who_logs_in_gets_to_where_he_wanted(running: Running) -> None:
    with visitor(running) as client:
        asked = client.get("/runs?profile=customers")
        assert asked.headers["location"] == "/login?next=%2Fruns%3Fprofile%3Dcustomers"
        form = Forms(client.get(asked.headers["location"]).text).form("/login")
        answer = client.post("/login", data=form | {"name": " ANN ", "password": PASSWORD})
        assert (answer.status_code, answer.headers["location"]) == (303, "/runs?profile=customers")
        assert client.get("/").status_code == 200
        assert client.get("/login").headers["location"] == "/"
    assert actions(running) == [("ann", "log-in", "")]
    assert running.store.user("ann").last_login  # type: ignore[union-attr]


def test_programs_log_in_with_json(running: Running) -> None:
    with visitor(running) as client:
        said = client.get(f"{API}/login").json()
        wrong = {"name": "ann", "password": "wrong horse battery", "csrf_token": said["csrf_token"]}
        assert client.post(f"{API}/login", json=wrong).json()["error"]["message"] == "Name or password is wrong."
        answer = client.post(f"{API}/login", json=wrong | {"password": PASSWORD}).json()
        assert answer["user"]["name"] == "ann"
        assert client.get(API).status_code == 200
        assert client.post(f"{API}/logout", headers={"x-csrf-token": answer["csrf_token"]}).json() == {"provider": None}
        assert client.get(API).status_code == 401


def test_a_wrong_password_is_said_at_the_form(running: Running) -> None:
    with visitor(running) as client:
        answer = log_in(client, "Ann", "wrong horse battery", more={"next": "/runs"})
        assert answer.status_code == 401
        form = Forms(answer.text).form("/login")
        assert (form["name"], form["password"], form["next"]) == ("Ann", "", "/runs")
        assert 'role="alert">Name or password is wrong.' in answer.text
        assert (
            "Name oder Passwort ist falsch." in client.post("/login", data=form, headers={"accept-language": "de"}).text
        )
    assert actions(running)[0] == ("", "log-in failed", "ann")


def test_a_name_that_nobody_has_is_not_noted(running: Running) -> None:
    """It may be a password in the wrong field."""
    with visitor(running) as client:
        log_in(client, "my-secret-password")
    assert actions(running) == [("", "log-in failed", "")]


def test_who_logs_out_is_out_everywhere_with_that_session(running: Running) -> None:
    with logged_in(running) as client:
        cookies = dict(client.cookies)
        answer = client.post("/logout", data={"csrf_token": page_token(client)})
        assert "You are logged out" in answer.text
        assert dict(client.cookies) == {}
        client.cookies.update(cookies)
        assert client.get("/").status_code == 303
    assert running.store.sessions() == []
    assert actions(running)[-1] == ("ann", "log-out", "")


def test_a_session_ends_when_nothing_happens(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    with logged_in(running) as client:
        now = running.server.site.now()
        for minutes, status in ((20, 200), (45, 200), (74, 200), (105, 303)):
            monkeypatch.setattr(running.server.site.sessions, "_now", lambda at=minutes: now + timedelta(minutes=at))
            assert client.get("/").status_code == status, minutes
    assert running.store.sessions() == []


def test_a_session_ends_however_busy_it_is(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    running = start(login={"longest": "1h"})
    counted(running)
    known(running)
    with logged_in(running) as client:
        now = running.server.site.now()
        for minutes, status in ((20, 200), (40, 200), (59, 200), (61, 303)):
            monkeypatch.setattr(running.server.site.sessions, "_now", lambda at=minutes: now + timedelta(minutes=at))
            assert client.get("/").status_code == status, minutes


def test_of_too_many_sessions_the_oldest_end(running: Running) -> None:
    with logged_in(running) as first:
        for _ in range(MOST):
            with logged_in(running):
                pass
        assert first.get("/").status_code == 303
    assert len(running.store.sessions()) == MOST


def test_a_new_password_ends_the_sessions_elsewhere(running: Running) -> None:
    with logged_in(running) as here, logged_in(running) as elsewhere:
        before = dict(here.cookies)
        fields = {"old": PASSWORD, "new": "another horse battery", "again": "another horse battery"}
        answer = here.post("/password", data=fields | {"csrf_token": page_token(here)})
        assert answer.status_code == 303
        assert dict(here.cookies) != before
        assert here.get("/").status_code == 200
        assert elsewhere.get("/").status_code == 303
    with visitor(running) as client:
        assert log_in(client).status_code == 401
        assert log_in(client, password="another horse battery").status_code == 303
    assert ("ann", "password changed", "ann") in actions(running)


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"old": "wrong horse battery"}, 401, "Name or password is wrong."),
        ({"new": "short", "again": "short"}, 400, "A password has at least 12 characters."),
        ({"again": "other horse battery"}, 400, "The two are not the same."),
    ],
)
def test_a_password_that_cannot_be_changed_stays(
    running: Running, fields: dict[str, str], status: int, said: str
) -> None:
    with logged_in(running) as client:
        whole = {"old": PASSWORD, "new": "another horse battery", "again": "another horse battery", **fields}
        answer = client.post("/password", data=whole | {"csrf_token": page_token(client)})
        assert answer.status_code == status
        assert said in answer.text
        assert client.get("/").status_code == 200
    with logged_in(running):
        pass


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("elevenchars", True),
        ("twelve chars", False),
        ("x" * 1_001, True),
        ("annannannannann", True),
        ("Annann-Ann-ann!", True),
        ("aaaaaaaaaaaaaaaa", True),
        ("correct horse ann", False),
        ("пароль на двенадцать", False),
    ],
)
def test_what_may_be_a_password(password: str, fault: bool) -> None:
    assert bool(password_fault(password, "ann")) is fault


def test_a_password_is_the_same_however_a_keyboard_writes_it(running: Running) -> None:
    digest = running.server.site.authentication.passwords.digest("gr\u00fcner B\u00e4r im Wald")
    assert running.server.site.authentication.passwords.is_right(digest, "gru\u0308ner Ba\u0308r im Wald")


def test_a_weaker_digest_is_renewed_at_the_log_in(running: Running) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=16)
    application.users.set_password(running.store, "ann", weak.hash(PASSWORD))
    before = running.store.user("ann")
    with logged_in(running):
        pass
    after = running.store.user("ann")
    assert before
    assert after
    assert before.password != after.password
    with logged_in(running):
        pass


def link(running: Running, user: str | None = None) -> str:
    made = application.setup_links.make_setup_link(running.store, user, running.server.site.now())
    return f"/setup/{made}"


def test_the_first_administrator_gets_in_by_a_link(start: Start) -> None:
    running = start()
    counted(running)
    path = link(running)
    with visitor(running) as client:
        form = Forms(client.get(path).text).form(path)
        answer = client.post(path, data=form | {"name": "Ann", "new": PASSWORD, "again": PASSWORD})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "Overview" in client.get("/").text
        assert client.get(path).status_code == 404
    assert actions(running) == [("ann", "set-up", "ann"), ("ann", "log-in", "")]
    with visitor(running) as client:
        assert log_in(client).status_code == 303


def test_a_mistake_costs_no_link(start: Start) -> None:
    running = start()
    counted(running)
    path = link(running)
    with visitor(running) as client:
        form = Forms(client.get(path).text).form(path)
        for wrong, said in (
            ({"name": "a b", "new": PASSWORD, "again": PASSWORD}, "1 to 80 letters"),
            ({"name": "ann", "new": "short", "again": "short"}, "at least 12 characters"),
            ({"name": "ann", "new": PASSWORD, "again": PASSWORD + "!"}, "not the same"),
        ):
            answer = client.post(path, data=form | wrong)
            assert answer.status_code == 400
            assert said in answer.text
            assert Forms(answer.text).form(path)["name"] == wrong["name"]
        assert client.post(path, data=form | {"name": "ann", "new": PASSWORD, "again": PASSWORD}).status_code == 303


def test_a_forgotten_password_is_chosen_anew(running: Running) -> None:
    path = link(running, "ann")
    with logged_in(running) as elsewhere, visitor(running) as client:
        page = client.get(path).text
        assert "Choose a password for ann" in page
        form = Forms(page).form(path)
        assert client.post(path, data=form | {"name": "eve", "new": PASSWORD, "again": PASSWORD}).status_code == 303
        assert elsewhere.get("/").status_code == 303
    assert [user.name for user in running.store.users()] == ["ann"]


def test_what_was_typed_as_the_session_ended_is_shown_once_more(running: Running) -> None:
    with logged_in(running) as client:
        typed = {
            "old": "a secret that is not shown",
            "new-password": "neither",
            "note": "\nline 1\r\nline <2> & \"3\" 'ü'\n",
            "csrf_token": page_token(client),
        }
        running.store.end_session(running.store.sessions()[0].digest)
        answer = client.post("/password", data=typed, headers={"origin": running.url})
        assert answer.status_code == 401
        assert "What you have typed is kept" in answer.text
        form = Forms(answer.text).form("/login")
        wrong = client.post("/login", data=form | {"name": "ann", "password": "wrong horse battery"})
        again = client.post("/login", data=Forms(wrong.text).form("/login") | {"name": "ann", "password": PASSWORD})
        assert again.status_code == 200
        kept = Forms(again.text).form("/password")
        assert {name: kept[name] for name in ("old", "new-password")} == {
            name: typed[name] for name in ("old", "new-password")
        }
        assert kept["note"].split() == typed["note"].split()
        assert kept["csrf_token"] == page_token(client) != typed["csrf_token"]
        assert "<dd><pre>neither" not in again.text
    assert "password changed" not in [action for _, action, _ in actions(running)]


def test_a_form_is_carried_to_whoever_logged_in_in_another_window(running: Running) -> None:
    with logged_in(running) as client:
        fields = {"note": "typed", "csrf_token": page_token(client)}
        running.store.end_session(running.store.sessions()[0].digest)
        answer = client.post("/password", data=fields, headers={"origin": running.url})
        carried = {name: value for name, value in Forms(answer.text).form("/login").items() if name.startswith("kept")}
        assert client.post("/login/resume", data=carried, headers={"origin": running.url}).status_code == 200
        log_in(client)
        shown = client.post("/login/resume", data=carried, headers={"origin": running.url})
        assert Forms(shown.text).form("/password")["note"] == "typed"
        for headers in ({}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            assert client.post("/login/resume", data=carried, headers=headers).status_code == 403


def test_a_part_of_a_page_asked_for_without_a_session_leads_to_the_log_in(running: Running) -> None:
    part = {"hx-request": "true", "hx-current-url": f"{running.url}/runs?page=2"}
    with visitor(running) as client:
        answer = client.get("/", headers=part)
        assert answer.headers["hx-redirect"] == "/login?next=%2Fruns%3Fpage%3D2"
    with logged_in(running) as client:
        headers = {"origin": running.url, "x-csrf-token": page_token(client), **part}
        running.store.end_session(running.store.sessions()[0].digest)
        answer = client.post("/password", data={"note": "typed"}, headers=headers)
        assert (answer.status_code, answer.headers["hx-retarget"]) == (200, "body")
        assert Forms(answer.text).form("/login")["kept:note"] == "typed"


def test_a_store_that_is_unreachable_logs_nobody_out(running: Running) -> None:
    with logged_in(running) as client:
        fields = {"csrf_token": page_token(client)}
        running.failing = True
        assert client.get("/").status_code == 503
        assert client.post("/login", data=fields).status_code == 503
        running.failing = False
        assert client.get("/").status_code == 200


def test_who_may_see_personal_contacts(start: Start) -> None:
    site = start(personal=["releaser"]).server.site
    request = Request({"type": "http"})

    def sees(user: User | None) -> bool:
        return Ask(request=request, site=site, user=user, language=language("en")).sees_personal

    assert [sees(User("ann", role)) for role in Role] == [False, False, True, False]
    assert sees(User("bob", Role.READER, personal=True))
    assert not sees(None)


def test_the_log_in_works_in_a_browser_and_by_keyboard(running: Running, visit: Visit) -> None:
    page = visit(to=running).page()
    page.goto("/password")
    page.get_by_label("Name").focus()
    page.keyboard.type("ann")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/password")
    expect(page.locator("h1")).to_have_text("Change the password")
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("h1")).to_have_text("You are logged out")


def test_a_form_of_a_browser_is_kept_through_the_log_in(running: Running, visit: Visit) -> None:
    person = visit(to=running)
    person.expected.append("401")
    page = person.page()
    page.goto("/login?next=/password")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("The password so far").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("another horse battery")
    page.get_by_label("New password, once more").fill("another horse battery")
    running.store.end_session(running.store.sessions()[0].digest)
    page.get_by_role("button", name="Change the password").click()
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Send it").click()
    page.wait_for_url(f"{running.url}/")
    with visitor(running) as client:
        assert log_in(client, password="another horse battery").status_code == 303
