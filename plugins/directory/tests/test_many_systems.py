"""Many phone systems in one process: each is found by every way to ask, and nobody hears of another one."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import own_loop
import psycopg
import pytest
import requests
from pbx_directory.ldap.codes import Code
from pbx_directory.settings import DirectorySettings
from pbx_directory.systems import FRESH, served_systems
from requests.auth import HTTPBasicAuth, HTTPDigestAuth

from pbx_connector.api import Config, PluginContext
from pbx_connector.application import tenants
from pbx_connector.application.installation import Installation
from pbx_connector.application.phone_systems import FRESH as CORE_FRESH
from pbx_connector.tenants.hosts import add_host

from . import ldap_support as ldap
from .many_support import ANNS, DOMAIN, HALL, Many, host, names, secret_of, token

GONE_WITHIN = FRESH + CORE_FRESH + 0.5
OWN = {"acme": "phones.acme.example", "bolt": "phones.bolt.example"}


@pytest.fixture
def named(many: Many) -> Many:
    """With a host name of its own for each."""
    for tenant, name in OWN.items():
        add_host(many.fleet.control, tenant, name, DOMAIN)
    return many


def login(tenant: str, device: str = HALL, *, named: bool = False) -> tuple[str, str]:
    return f"{device}@{tenant}" if named else device, secret_of(tenant, device)


def ways(many: Many, tenant: str, device: str, path: str) -> Iterator[requests.Response]:
    """Asked in each way that there is."""
    for name in (host(tenant), f"{host(tenant).upper()}.:8088", OWN[tenant]):
        yield many.get(f"{token(tenant, device)}/{path}", name)
        yield many.get(f"{tenant}/{token(tenant, device)}/{path}", name)
        for named in (False, True):
            yield many.get(path, name, auth=HTTPBasicAuth(*login(tenant, device, named=named)))
            yield many.get(path, name, auth=HTTPDigestAuth(*login(tenant, device, named=named)))
    for name in ("", DOMAIN, "other.example"):
        yield many.get(f"{tenant}/{token(tenant, device)}/{path}", name)
        yield many.get(path, name, auth=HTTPBasicAuth(*login(tenant, device, named=True)))
        yield many.get(path, name, auth=HTTPDigestAuth(*login(tenant, device, named=True)))


@pytest.mark.parametrize("tenant", ["acme", "bolt"])
def test_each_is_asked_by_host_name_path_and_user_name(named: Many, tenant: str) -> None:
    for device, seen in ((HALL, [f"Reception of {tenant}"]), (ANNS, [f"Doctor of {tenant}", f"Reception of {tenant}"])):
        for answer in ways(named, tenant, device, "book.xml"):
            assert names(answer) == seen
    assert {answer.text for answer in ways(named, tenant, HALL, "caller?number=%2B4930111")} == {
        f"Reception of {tenant}"
    }


def wrong(many: Many) -> dict[str, list[requests.Response]]:
    """What is not answered, and by which way it was asked."""
    stranger, hall = token("acme", "nobody"[:6]), token("acme")
    by_path = [
        many.get(f"{stranger}/", host("acme")),
        many.get(f"{hall}/", host("bolt")),
        many.get(f"{hall}/", host("cork")),
        many.get(f"{hall}/", "other.example"),
        many.get(f"acme/{stranger}/"),
        many.get(f"bolt/{hall}/"),
        many.get(f"cork/{hall}/"),
        many.get(f"no'body/{hall}/"),
        many.get(f"acme/{hall}/", host("cork")),
        many.get(f"acme/{hall}/", host("bolt")),
        many.get(f"cork/{hall}/", host("acme")),
        many.get(f"acme/{stranger}/", OWN["acme"]),
    ]
    hall_login, named = login("acme"), login("acme", named=True)
    asked = [("", named[0], "wrong"), ("", f"{HALL}@cork", named[1]), ("", f"{HALL}@bolt", named[1]), ("", *hall_login)]
    asked += [(host("bolt"), *hall_login), (host("cork"), *hall_login), ("other.example", *hall_login)]
    asked += [(host("bolt"), *named), (host("cork"), *named)]
    by_login = [many.get("", at, auth=HTTPBasicAuth(user, secret)) for at, user, secret in asked]
    return {"path": by_path, "login": by_login}


def test_a_wrong_secret_tenant_or_host_name_are_answered_alike(named: Many) -> None:
    found = wrong(named)
    for way, status in (("path", 404), ("login", 401)):
        assert len({shape(answer) for answer in found[way]}) == 1, [answer.url for answer in found[way]]
        assert found[way][0].status_code == status
    unknown = [named.get("", at) for at in (host("acme"), host("cork"), "other.example", "")]
    assert {shape(answer) for answer in unknown} == {shape(found["login"][0])}


def shape(answer: requests.Response) -> str:
    """All of an answer but what is drawn by lot, or the time."""
    headers = {name: value for name, value in answer.headers.items() if name != "date"}
    return re.sub(r'nonce="[^"]*"', "nonce", f"{answer.status_code} {headers} {answer.text}")


def test_no_refusal_tells_by_its_time_what_there_is(named: Many) -> None:
    """Each takes a multiple of the same time; what is there is looked up within the first."""
    for answer in (answer for answers in wrong(named).values() for answer in answers):
        assert answer.elapsed.total_seconds() >= named.systems.evened


def test_guesses_count_for_each_as_it_is_asked_for(many: Many) -> None:
    def guess(tenant: str) -> int:
        return many.get(f"{tenant}/{token('other')}/").status_code

    for tenant in ("acme", "cork"):  # there or not
        assert [guess(tenant) for _ in range(11)] == [404] * 9 + [429] * 2, tenant
    assert many.get(f"bolt/{token('bolt')}/").status_code == 200
    assert many.get(f"acme/{token('acme')}/").status_code == 429
    for name in ("Acme.pbx.example.com:1", "ACME.pbx.example.com.", "acme.pbx.example.com:2"):  # all the same name
        for _ in range(5):
            last = many.get(f"{token('other')}/", name).status_code
    assert last == 429


def test_a_challenge_is_good_where_it_was_made(many: Many) -> None:
    challenge = many.get("", host("acme")).headers["WWW-Authenticate"]
    nonce = re.search(r'nonce="([^"]+)"', challenge)
    assert nonce
    header = {
        "Authorization": f'Digest username="{HALL}", realm="phone book", nonce="{nonce[1]}", uri="/", response="0"'
    }
    for at, stale in ((host("acme"), False), (host("bolt"), True), (host("cork"), True), (DOMAIN, True)):
        assert ("stale=true" in many.get("", at, headers=header).headers["WWW-Authenticate"]) is stale


def test_links_lead_back_to_the_same_phone_system(named: Many) -> None:
    for tenant, name in OWN.items():
        named.put_device(tenant, "browse", format="snom-browser")
        named.add_entries(tenant, 60)
        path = f"{token(tenant, 'browse')}/x"
        starts = [
            (path, f"{host(tenant)}:8088", f"http://{host(tenant)}:8088/{path}"),
            (path, name, f"http://{name}/{path}"),
            (f"{tenant}/{path}", name, f"http://{name}/{tenant}/{path}"),
            (f"{tenant}/{path}", "", f"{named.url}/{tenant}/{path}"),
            (f"{tenant}/{path}", "other.example", f"{named.url}/{tenant}/{path}"),
        ]
        for asked, at, back in starts:
            links = re.findall(r"http[^<&\s?\"]+", named.get(asked, at, params={"view": "list"}).text)
            assert set(links) == {back}
            template = named.get(asked.removesuffix("x") + "3cx.xml", at).text
            assert f"{back.removesuffix('x')}contacts.json" in template


def test_what_is_known_of_one_is_new_of_another(many: Many) -> None:
    """The same id of a device, the same revision, the same address: by the user name alone one differs."""
    tags = {t: many.get("b", auth=HTTPBasicAuth(*login(t, named=True))).headers["ETag"] for t in ("acme", "bolt")}
    assert tags["acme"] != tags["bolt"]
    auth, header = HTTPBasicAuth(*login("bolt", named=True)), {"If-None-Match": tags["acme"]}
    assert names(many.get("b", auth=auth, headers=header)) == ["Reception of bolt"]


def test_each_says_for_itself_how_numbers_are_dialed_and_who_needs_no_secret(many: Many) -> None:
    many.publish(
        "acme", "plugins: {directory: {region: DE, dial_form: national, outside_line: '0', networks: 127.0.0.0/8}}"
    )
    time.sleep(GONE_WITHIN)
    assert ">0030111</Telephone>" in many.get("b", host("acme")).text
    assert ">0030111</Telephone>" in many.get(f"acme/{token('acme')}/b").text
    assert ">+4930111</Telephone>" in many.get(f"bolt/{token('bolt')}/b").text
    for at in (host("bolt"), DOMAIN, ""):
        assert many.get("b", at).status_code == 401
    assert many.get("acme/b").status_code == 401
    with many.connected(host("acme")) as client:
        assert client.ask(ldap.bind("", "")).code == Code.SUCCESS
        assert client.ask(ldap.search(number=2)).names == ["Reception of acme"]
    for server_name in (host("bolt"), ""):
        with many.connected(server_name) as client:
            assert client.ask(ldap.bind("", "")).code == Code.INAPPROPRIATE_AUTHENTICATION
    with many.connected() as client:  # a bind that fails leaves nobody's networks behind
        assert client.ask(ldap.bind(f"{HALL}@acme", "wrong")).code == Code.INVALID_CREDENTIALS
        assert client.ask(ldap.search(number=2)).code == Code.INSUFFICIENT_ACCESS_RIGHTS


def test_what_the_provider_says_of_a_tenants_matters_counts_for_nobody_and_is_named(
    many: Many, capfd: pytest.CaptureFixture[str]
) -> None:
    said = DirectorySettings(http="127.0.0.1:0", networks=["127.0.0.0/8"], title="Ours")
    installation = Installation(Config(plugins={"directory": said}), many.fleet.plugins)
    held = many.phone_systems.named("acme")
    assert held
    served = served_systems(
        PluginContext(
            "directory",
            installation=lambda: installation,
            store=lambda: held.store,
            open_store=held.open_store,
            store_url=held.no_address,
            phone_systems=lambda: many.phone_systems,
        )
    )
    assert re.search("settings.{1,5}networks, title", "".join(capfd.readouterr()))
    system = own_loop.run(served.at(host("acme")))
    assert system
    assert (system.gate.anybody("127.0.0.1"), system.settings.title) == (None, "Phone book")


def test_one_that_is_suspended_is_served_and_one_that_is_removed_is_not(
    many: Many, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pbx_directory.systems.SLOW", 60.0)  # what was known is not served in place of an answer

    def asked(tenant: str) -> int:
        return many.get(f"{tenant}/{token(tenant)}/").status_code

    assert [asked("acme"), asked("bolt")] == [200, 200]
    with many.connected() as client:
        assert client.ask(ldap.bind(f"{HALL}@bolt", secret_of("bolt", HALL))).code == Code.SUCCESS
        tenants.suspend(many.fleet, "acme")
        tenants.remove(many.fleet, "bolt")
        time.sleep(GONE_WITHIN)
        assert [asked("acme"), asked("bolt"), asked("cork")] == [200, 404, 404]
        assert client.ask(ldap.search(number=2)).code == Code.INSUFFICIENT_ACCESS_RIGHTS
    many.add("bolt")
    time.sleep(GONE_WITHIN)
    assert asked("bolt") == 200


def test_who_was_seen_is_noted_for_each(many: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pbx_directory.noting.FAREWELL", 60.0)
    for tenant in ("acme", "bolt"):
        many.get(f"{tenant}/{token(tenant)}/", headers={"User-Agent": f"phone of {tenant}"})
    many.http.stop()
    for tenant in ("acme", "bolt"):
        seen = {device.id: device.seen and device.seen.agent for device in many.store(tenant).devices()}
        assert seen == {HALL: f"phone of {tenant}", ANNS: None}
    many.systems.start()


def test_what_is_not_asked_for_any_more_is_dropped_and_noted(many: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pbx_directory.systems.KEPT", 1)
    monkeypatch.setattr("pbx_directory.systems.ABSENT", 3)
    monkeypatch.setattr("pbx_directory.noting.EVERY", 0.05)
    many.systems.start()
    with many.connected() as client:
        assert client.ask(ldap.bind(f"{ANNS}@acme", secret_of("acme", ANNS))).code == Code.SUCCESS
        for number in range(10):
            assert many.get(f"bolt/{token('bolt')}/").status_code == 200
            assert many.get(f"t{number}/{token('bolt')}/", f"{number}.example").status_code == 404
        assert (len(many.systems._kept), len(many.systems._absent)) == (1, 3)
        assert sorted(client.ask(ldap.search(number=2)).names) == ["Doctor of acme", "Reception of acme"]
    assert eventually(lambda: any(device.seen for device in many.store("acme").devices()))
    many.systems.stop()


def eventually(holds: Callable[[], bool], within: float = 60.0) -> bool:
    ends = time.monotonic() + within
    while not (held := holds()) and time.monotonic() < ends:
        time.sleep(0.05)
    return held


# --- LDAP -----------------------------------------------------------------------------------------------------------


def bind_names(tenant: str, device: str) -> list[str]:
    below = f"o={tenant},dc=phonebook"
    return [
        f"{device}@{tenant}",
        f"{device}@{tenant.upper()}",
        f"uid={device},ou=devices,{below}",
        f"UID={device},OU=devices,O={tenant.upper()},DC=phonebook",
        f"cn={device},{below}",
        f"uid={device}@{tenant},ou=devices,dc=phonebook",
    ]


@pytest.mark.parametrize("tenant", ["acme", "bolt"])
def test_each_is_asked_by_server_name_and_bind_name(named: Many, tenant: str) -> None:
    secret = secret_of(tenant, ANNS)
    wanted = [f"Doctor of {tenant}", f"Reception of {tenant}"]
    for name in bind_names(tenant, ANNS):
        with named.connected() as client:
            assert client.ask(ldap.bind(name, secret)).code == Code.SUCCESS, name
            assert sorted(client.ask(ldap.search(number=2)).names) == wanted
    for server_name, start_tls in ((host(tenant), False), (host(tenant), True)):
        for name in (ANNS, f"uid={ANNS},ou=devices,dc=phonebook", *bind_names(tenant, ANNS)):
            with named.connected(server_name, start_tls=start_tls) as client:
                assert client.ask(ldap.bind(name, secret, number=2)).code == Code.SUCCESS, name
                assert sorted(client.ask(ldap.search(number=3)).names) == wanted


def test_no_secret_opens_another_phone_system(many: Many) -> None:
    tried = [
        ("", HALL, "acme"),
        ("", f"uid={HALL},ou=devices,dc=phonebook", "acme"),
        ("", f"{HALL}@bolt", "acme"),
        ("", f"{HALL}@cork", "acme"),
        ("", f"uid={HALL},ou=devices,o=bolt,dc=phonebook", "acme"),
        ("", f"uid={HALL}@acme,ou=devices,o=bolt,dc=phonebook", "acme"),
        ("", f"uid={HALL},ou=devices,o=acme,o=bolt,dc=phonebook", "acme"),
        (host("bolt"), HALL, "acme"),
        (host("bolt"), f"{HALL}@acme", "acme"),
        (host("cork"), f"{HALL}@acme", "acme"),
        (host("cork"), HALL, "acme"),
    ]
    for server_name, name, of in tried:
        with many.connected(server_name) as client:
            assert client.ask(ldap.bind(name, secret_of(of, HALL))).code == Code.INVALID_CREDENTIALS, (
                server_name,
                name,
            )
            assert client.ask(ldap.search(number=2)).code == Code.INSUFFICIENT_ACCESS_RIGHTS


def test_a_second_bind_leaves_nothing_of_the_first(many: Many) -> None:
    for tenant in ("acme", "bolt"):
        many.add_entries(tenant, 10)

    def page(cookie: bytes, number: int) -> ldap.Answer:
        return client.ask(ldap.search(ldap.EVERYTHING, ldap.paged(3, cookie), number=number))

    with many.connected() as client:
        assert client.ask(ldap.bind(f"{HALL}@acme", secret_of("acme", HALL))).code == Code.SUCCESS
        first = page(b"", 2)
        assert first.cookie
        assert client.ask(ldap.bind(f"{HALL}@bolt", secret_of("bolt", HALL), number=3)).code == Code.SUCCESS
        assert page(first.cookie, 4).code == Code.UNWILLING_TO_PERFORM
        found, cookie = page(b"", 5), b""
        heard = found.names
        while cookie := found.cookie:
            found = page(cookie, 6)
            heard += found.names
        assert heard
        assert all("bolt" in name for name in heard)
        assert client.ask(ldap.bind(f"{HALL}@acme", "wrong", number=7)).code == Code.INVALID_CREDENTIALS
        assert client.ask(ldap.search(number=8)).code == Code.INSUFFICIENT_ACCESS_RIGHTS


# --- what hangs ------------------------------------------------------------------------------------------------------


def hang(many: Many, table: str) -> psycopg.Connection:
    """Whoever reads it waits until the connection is closed."""
    connection = psycopg.connect(many.fleet.config.database)
    if table.startswith("tenant_"):
        connection.execute(f"SET ROLE {tenant_role(many, table)}")
    connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    return connection


def tenant_role(many: Many, table: str) -> str:
    id = table.partition(".")[0].removeprefix("tenant_")
    return next(f'"{tenant.role}"' for tenant in tenants.every(many.fleet) if tenant.id == id)


def test_a_phone_system_that_hangs_stops_no_other(many: Many) -> None:
    for tenant in ("acme", "bolt"):
        assert many.get(f"{tenant}/{token(tenant)}/").status_code == 200
    with ThreadPoolExecutor(30) as pool, hang(many, "tenant_acme.device"):

        def fetched(path: str) -> int:
            return many.get(f"acme/{token('acme')}/{path}").status_code

        def bound(tenant: str) -> int:
            with many.connected() as client:
                return client.ask(ldap.bind(f"{HALL}@{tenant}", secret_of(tenant, HALL))).code

        waiting = [pool.submit(fetched, path) for path in ("b", "caller?number=1") * 8]
        waiting += [pool.submit(bound, "acme") for _ in range(8)]
        time.sleep(1)
        assert not any(one.done() for one in waiting), "nothing hangs, so that nothing is proven"
        for path in ("b", "caller?number=%2B4930111") * 5:
            assert "Reception of bolt" in many.get(f"bolt/{token('bolt')}/{path}").text
        assert [bound("bolt") for _ in range(5)] == [Code.SUCCESS] * 5
        assert not all(one.done() for one in waiting)
    # On a busy machine those that waited for a thread may have been sent away before the others had theirs.
    assert {one.result() for one in waiting} <= {200, 503, Code.SUCCESS, Code.BUSY, Code.TIME_LIMIT_EXCEEDED}
    assert many.get(f"acme/{token('acme')}/").status_code == 200


def test_while_the_control_database_hangs_who_is_known_is_served(many: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pbx_directory.systems.PATIENCE", 50.0)
    auth = HTTPBasicAuth(*login("acme", named=True))

    def asked() -> list[int]:
        return [
            many.get(f"{token('acme')}/", host("acme")).status_code,
            many.get(f"bolt/{token('bolt')}/").status_code,
            many.get("b", auth=auth).status_code,
        ]

    assert asked() == [200, 200, 200]
    with ThreadPoolExecutor(1) as pool, hang(many, "pbx_control.tenant, pbx_control.host"):
        time.sleep(GONE_WITHIN)
        stranger = pool.submit(many.get, f"cork/{token('acme')}/")
        assert [asked() for _ in range(3)] == [[200, 200, 200]] * 3
        assert not stranger.done(), "nothing hangs, so that nothing is proven"
    assert stranger.result().status_code in (404, 503)
