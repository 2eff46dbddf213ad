"""Log-in by OpenID Connect: with a real provider on this machine, and with one that lies."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import httpx
import oidc_provider_mock
import pytest
from oidc_provider_mock import User as MockUser

from pbx_connector.api import Role, application

from .conftest import Running, Start, Visit
from .login_support import Forms, actions, page_token, visitor
from .oidc_provider import consent

pytestmark = pytest.mark.filterwarnings("ignore::authlib.deprecate.AuthlibDeprecationWarning")  # of the mock's own code
PEOPLE = (
    MockUser(sub="ann", claims={"preferred_username": "ann@example.org", "groups": ["pbx-admins", "everybody"]}),
    MockUser(sub="bob", claims={"preferred_username": "bob@example.org", "groups": "everybody"}),
    MockUser(sub="eve", claims={"preferred_username": "eve@example.org", "groups": ["guests"]}),
)
ROLES = {"pbx-admins": "admin", "everybody": "reader"}


@dataclass
class Signing:
    running: Running
    issuer: str

    def begin(self, client: httpx.Client, to: str = "/") -> str:
        """Where the browser is sent."""
        answer = client.get("/login/start", params={"next": to})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def log_in(self, client: httpx.Client, name: str, to: str = "/") -> httpx.Response:
        return client.get(consent(client, self.begin(client, to), name))


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread(user_claims=PEOPLE) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def signing(start: Start, issuer: str, tmp_path: Path) -> Signing:
    secret = tmp_path / "client.secret"
    secret.write_text("a secret / with + signs\n")
    secret.chmod(0o600)
    oidc = {"issuer": issuer, "client": "pbx", "secret": {"file": str(secret)}, "roles": ROLES, "title": "Example ID"}
    return Signing(start(login={"oidc": oidc}), issuer)


def test_who_logs_in_there_is_in_here(signing: Signing) -> None:
    with visitor(signing.running) as client:
        assert "Log in by Example ID" in client.get("/login").text
        answer = signing.log_in(client, "ann", "/runs?page=2")
        assert (answer.status_code, answer.headers["location"]) == (303, "/runs?page=2")
        assert client.get("/").status_code == 200
    [ann] = signing.running.store.users()
    assert (ann.name, ann.role, ann.subject) == ("ann@example.org", Role.ADMIN, f"{signing.issuer} ann")
    assert actions(signing.running) == [("ann@example.org", "log-in", "")]


def test_the_role_is_what_the_provider_says_now(signing: Signing) -> None:
    store = signing.running.store
    for name, status, role in (("bob", 403, Role.READER), ("ann", 200, Role.ADMIN)):
        with visitor(signing.running) as client:
            signing.log_in(client, name)
            assert client.get("/runs").status_code == status
        assert store.user(f"{name}@example.org").role is role  # type: ignore[union-attr]
    application.users.change_role(store, "bob@example.org", Role.ADMIN)
    with visitor(signing.running) as client:
        signing.log_in(client, "bob")
        assert client.get("/runs").status_code == 403


def test_who_has_no_role_does_not_get_in(signing: Signing) -> None:
    with visitor(signing.running) as client:
        answer = signing.log_in(client, "eve")
        assert answer.status_code == 403
        assert "nobody has given you a role here" in answer.text
        assert client.get("/").status_code == 303
    assert signing.running.store.users() == []
    assert signing.running.store.audit()[0].detail == {"by": "single sign-on", "reason": "no role"}


def test_who_is_disabled_here_does_not_get_in(signing: Signing) -> None:
    with visitor(signing.running) as client:
        signing.log_in(client, "bob")
        application.users.disable_user(signing.running.store, "bob@example.org")
        assert client.get("/password").status_code == 303
        assert signing.log_in(client, "bob").status_code == 403
    assert signing.running.store.sessions() == []


def test_nobody_becomes_the_user_he_is_called_like(signing: Signing) -> None:
    application.users.add_user(signing.running.store, "bob@example.org", Role.ADMIN, password="digest")
    with visitor(signing.running) as client:
        signing.log_in(client, "bob")
        assert client.get("/runs").status_code == 403
    assert [user.name for user in signing.running.store.users()] == ["bob@example.org", "bob@example.org-2"]


def test_who_logs_out_is_shown_the_way_out_there(signing: Signing) -> None:
    with visitor(signing.running) as client:
        signing.log_in(client, "bob")
        assert client.get("/password").status_code == 200
        answer = client.post("/logout", data={"csrf_token": page_token(client)})
        assert f'href="{signing.issuer}/oauth2/end_session?id_token_hint=' in answer.text
        assert quote(f"{signing.running.url}/login", safe="") in answer.text


def test_a_password_is_not_changed_here_but_there(signing: Signing) -> None:
    with visitor(signing.running) as client:
        signing.log_in(client, "bob")
        fields = {"csrf_token": page_token(client), "new": "correct horse battery", "again": "correct horse battery"}
        assert client.post("/password", data=fields).status_code == 403
    assert signing.running.store.users()[0].password is None


def test_the_provider_says_no(signing: Signing) -> None:
    with visitor(signing.running) as client:
        place = signing.begin(client)
        state = dict(parse_qsl(urlsplit(place).query))["state"]
        answer = client.get("/login/callback", params={"error": "access_denied", "state": state})
        assert answer.status_code == 403
        assert "The provider did not log you in." in answer.text


@pytest.mark.parametrize("state", ["", "x", None], ids=str)
def test_an_answer_to_nothing_is_refused(signing: Signing, state: str | None) -> None:
    with visitor(signing.running) as client:
        back = urlsplit(consent(client, signing.begin(client), "ann"))
        said = dict(parse_qsl(back.query)) | {"state": state or ""}
        if state is None:
            del said["state"]
        assert client.get(back.path, params=said).status_code == 400
        assert client.get("/").status_code == 303


def test_an_answer_counts_once(signing: Signing) -> None:
    with visitor(signing.running) as client:
        place = signing.begin(client)
        cookies, back = dict(client.cookies), consent(client, place, "ann")
        assert client.get(back).status_code == 303
        assert "signing-on" not in client.cookies
    with httpx.Client(base_url=signing.running.url, cookies=cookies, timeout=60) as client:
        assert client.get(back).status_code == 400
        assert client.get("/").status_code == 303


def test_an_answer_counts_in_the_browser_that_asked(signing: Signing) -> None:
    """Nobody is logged in as somebody else by a link."""
    with visitor(signing.running) as attacker:
        back = consent(attacker, signing.begin(attacker), "ann")
    with visitor(signing.running) as victim:
        assert victim.get(back).status_code == 400
        signing.begin(victim)
        assert victim.get(back).status_code == 400
        assert victim.get("/").status_code == 303


def test_an_answer_of_another_provider_is_refused(signing: Signing) -> None:
    with visitor(signing.running) as client:
        back = consent(client, signing.begin(client), "ann")
        assert client.get(f"{back}&iss=https%3A%2F%2Fevil.example").status_code == 403


@pytest.mark.parametrize(
    "held", ["", "x", "[]", "{}", "[1,2,3,4,5]", '["a","b","c","/",9e99]', "[" * 9_000], ids=range(7)
)
def test_a_cookie_that_was_changed_is_refused(signing: Signing, held: str) -> None:
    with visitor(signing.running) as client:
        answer = client.get("/login/callback?code=x&state=1", headers={"cookie": f"signing-on={quote(held, safe='[')}"})
        assert answer.status_code == 400


def test_a_log_in_that_takes_too_long_is_begun_anew(signing: Signing, monkeypatch: pytest.MonkeyPatch) -> None:
    with visitor(signing.running) as client:
        back = consent(client, signing.begin(client), "ann")
        later = time.time() + 601
        monkeypatch.setattr("pbx_web.login.single_sign_on.time.time", lambda: later)
        assert client.get(back).status_code == 400


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil"])
def test_nobody_is_sent_to_another_site_afterwards(signing: Signing, to: str) -> None:
    with visitor(signing.running) as client:
        assert signing.log_in(client, "bob", to).headers["location"] == "/"
        signing.begin(client)
        held = json.loads(unquote(client.cookies["signing-on"]))
        assert held[3] == "/"


def test_a_flood_of_answers_to_nothing_is_a_few_lines_of_the_audit(signing: Signing) -> None:
    with visitor(signing.running) as client:
        for _ in range(30):
            assert client.get("/login/callback?code=x&state=y").status_code == 400
    assert len(signing.running.store.audit()) <= 20


def test_without_a_provider_there_is_no_such_log_in(running: Running) -> None:
    with visitor(running) as client:
        assert client.get("/login/start").status_code == 404
        assert client.get("/login/callback?code=x&state=y").status_code == 404


def test_a_provider_that_is_down_is_said(start: Start) -> None:
    oidc = {"issuer": "http://127.0.0.1:9", "client": "pbx", "default": "reader"}
    with visitor(start(login={"oidc": oidc})) as client:
        answer = client.get("/login/start")
        assert answer.status_code == 502
        assert "cannot be asked now" in answer.text
        assert "name" in Forms(answer.text).form("/login")


def test_it_works_in_a_browser(signing: Signing, visit: Visit) -> None:
    person = visit(to=signing.running)
    person.expected += [f"asked {signing.issuer}", "asked https://cdn.jsdelivr.net/", "net::ERR_FAILED", "404"]
    page = person.page()
    person.context.route(
        re.compile("^https:"), lambda route: route.abort()
    )  # the provider's own pages want a style sheet from there
    page.goto("/password")
    page.get_by_role("link", name="Log in by Example ID").click()
    page.get_by_role("button", name="bob").first.click()
    page.wait_for_url("**/password")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("link", name="Log out there, too").click()
    page.wait_for_url("**/oauth2/end_session?**")


# --- who gets in as what -----------------------------------------------------------------------------------------
