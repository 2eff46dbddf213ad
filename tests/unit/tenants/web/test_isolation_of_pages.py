"""What belongs to one tenant's pages is worth nothing at another's, and neither says that the other is there."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pbx_web.login.authentication import TRIES_OF_ADDRESS
from pbx_web.pages import ALL
from tenant_pages import DOMAIN, Pages
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from pbx_connector.api import Role, application
from pbx_connector.plan import Content

SECRETS = ("Zoe Anders", "+49 30 990099")


@pytest.fixture
def marked(pages: Pages) -> Pages:
    """With things at acme that nobody else may hear of."""
    store = pages.store("acme")
    store.add_entry(Content(None, {"display_name": SECRETS[0], "phone": SECRETS[1]}))
    application.devices.add_device(store, "Phone of Zoe Anders", None, {})
    return pages


def as_at(pages: Pages, host: str, of: str, role: Role = Role.ADMIN) -> httpx.Client:
    """With the session and the token of one tenant at the host name of another."""
    client = pages.client(of, role)
    client.headers["host"] = f"{host}.{DOMAIN}"
    return client


def test_a_session_of_another_tenant_is_none(marked: Pages) -> None:
    marked.user("bolt", Role.ADMIN)
    with as_at(marked, "acme", "bolt") as client:
        for page in (page for page in ALL if page.least is not None and not hasattr(page, "act")):
            path = re.sub(r"\{\w+\}", "1", page.path)
            answer = client.get(path)
            assert answer.headers.get("location", "").startswith("/login"), path
            assert client.get(f"/api/v1{path.rstrip('/')}").status_code == 401
            assert not any(secret in answer.text for secret in SECRETS)


def test_no_action_is_done_with_a_token_of_another_tenant(marked: Pages) -> None:
    with marked.client("acme", Role.ADMIN) as acme:
        _, token = marked.cookies("bolt", Role.ADMIN)
        acme.headers["x-csrf-token"] = token
        for action in (page for page in ALL if hasattr(page, "act") and page.least is not None):
            path = re.sub(r"\{\w+\}", "1", action.path)
            assert acme.post(path).status_code == 403, path


def test_a_link_to_choose_a_password_counts_at_its_tenant_alone(pages: Pages) -> None:
    site = pages.site("acme")
    token = application.setup_links.make_setup_link(site.store(), None, site.now())
    with pages.client("bolt") as bolt, pages.client("acme") as acme:
        assert bolt.get(f"/setup/{token}").status_code == 404
        assert acme.get(f"/setup/{token}").status_code == 200


def test_cookies_are_for_one_host_alone(start: Callable[..., Pages]) -> None:
    pages = start(proxies=["127.0.0.1/32"])
    with pages.client("acme") as client:
        given = client.get("/login", headers={"x-forwarded-proto": "https"}).headers["set-cookie"]
    assert given.startswith("__Host-session=")
    assert "domain=" not in given.lower()


def test_wrong_passwords_at_one_tenant_keep_nobody_out_of_another(pages: Pages) -> None:
    with pages.client("acme") as acme, pages.client("bolt") as bolt:
        statuses = []
        for client, tries in ((acme, TRIES_OF_ADDRESS + 1), (bolt, 1)):
            for _ in range(tries):
                page = client.get("/login").text
                token = re.search(r'name="csrf_token" value="([^"]+)"', page)
                assert token
                statuses.append(
                    client.post("/login", data={"csrf_token": token[1], "name": "", "password": "x"}).status_code
                )
    assert statuses[-2:] == [429, 401]


def test_what_one_tenants_process_signed_is_no_others(pages: Pages) -> None:
    acme, bolt = pages.site("acme"), pages.site("bolt")
    assert acme.verified(acme.signed("It is done.")) == "It is done."
    assert bolt.verified(acme.signed("It is done.")) == ""
    name = acme.kept.put("admin", ("a search",))
    assert bolt.kept.get("admin", name, tuple) is None


def test_an_editor_of_one_tenant_is_none_at_another(pages: Pages) -> None:
    cookies, _ = pages.cookies("acme", Role.EDITOR)
    assert pages.server._listener
    address = pages.server._listener.address
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    closes: dict[str, object] = {}
    for id in ("acme", "bolt", "cork"):
        host = f"{id}.{DOMAIN}"
        headers = {"cookie": cookie}
        try:
            with connect(
                f"ws://{host}/editor/ws",
                sock=_socket(address),
                origin=Origin(f"http://{host}"),
                additional_headers=headers,
                open_timeout=20,
            ) as talk:
                talk.send('{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}')
                closes[id] = "capabilities" in str(talk.recv(timeout=20))
        except InvalidStatus as refused:
            closes[id] = refused.response.status_code
        except ConnectionClosed as closed:
            closes[id] = closed.rcvd.code if closed.rcvd else None
    assert closes == {"acme": True, "bolt": 4401, "cork": 403}


def _socket(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def test_a_log_line_says_which_tenant_it_is_about(
    pages: Pages, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages.site("acme").sessions, "user_of", _broken)
    with pages.client("acme") as client:
        assert client.get("/").status_code == 500
    said = capsys.readouterr()
    assert "tenant=acme" in re.sub(r"\x1b\[\d+m", "", said.out + said.err)


def _broken(*_: object) -> None:
    raise RuntimeError("a bug")


def test_the_settings_page_says_nothing_of_the_provider(start: Callable[..., Pages]) -> None:
    pages = start(proxies=["127.0.0.1/32", "10.20.30.0/24"])
    with pages.client("acme", Role.ADMIN) as client:
        page = client.get("/settings").text
        said = page + client.get("/api/v1/settings").text
    assert "of the published config.yaml" in page
    assert "there is no configuration file" not in page
    config = pages.fleet.config
    for hidden in (config.database, str(config.keys), str(config.files), "PBX_CONNECTOR_", "10.20.30", "control."):
        assert hidden not in said


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(
    lambda name: name.strip("./")
)


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(name=NAMES, path=st.sampled_from(["/jobs/{}", "/simulations/{}", "/plans/{}", "/runs/{}", "/devices/{}"]))
def test_no_id_leads_from_one_tenant_to_another(marked: Pages, name: str, path: str) -> None:
    ids = [name, *(device.id for device in marked.store("acme").devices())]
    with marked.client("bolt", Role.ADMIN) as client:
        for id in ids:
            answer = client.get(path.format(quote(id, safe="")))
            assert answer.status_code in (303, 307, 404)
            assert not any(secret in answer.text for secret in SECRETS)
