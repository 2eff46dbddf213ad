"""Many phone systems as servers see them: by host name and id, as they are at the moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pbx_connector.application import publishing, tenants
from pbx_connector.application.fleet import Fleet
from pbx_connector.application.phone_systems import FRESH, PhoneSystems
from pbx_connector.config import Config
from pbx_connector.errors import StoreError, UsageError
from pbx_connector.plan import Content
from pbx_connector.tenants import registry, versions
from pbx_connector.tenants.confinement import confinement
from pbx_connector.tenants.hosts import add_host, hosts, remove_host
from pbx_connector.tenants.loading import Contents
from pbx_connector.tenants.read_versions import ReadVersion, ReadVersions


def publish(fleet: Fleet, folder: Path) -> None:
    for publication in publishing.publications(fleet, folder, who="ann"):
        publishing.publish(fleet, publication)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def many(fleet: Fleet, clock: Clock) -> PhoneSystems:
    fleet.config = fleet.config.model_copy(update={"domain": "pbx.example.com"})
    for id in ("acme", "bolt"):
        tenants.add(fleet, id, title=id.title())
    return PhoneSystems(fleet, clock)


@pytest.mark.parametrize(
    ("host", "id"),
    [
        ("acme.pbx.example.com", "acme"),
        ("ACME.pbx.example.com.:8443", "acme"),
        ("phones.acme.example", "acme"),
        ("pbx.example.com", None),
        ("a.acme.pbx.example.com", None),
        ("cork.pbx.example.com", None),
        ("acme", None),
        ("", None),
        ("[::1]:80", None),
        ("acme'; DROP TABLE host; --.pbx.example.com", None),
        ("acme\0.pbx.example.com", None),
    ],
)
def test_a_phone_system_is_found_by_its_host_names(many: PhoneSystems, host: str, id: str | None) -> None:
    add_host(many.fleet.control, "acme", "Phones.acme.example", "pbx.example.com")
    found = many.at(host)
    assert (found.id if found else None) == id


def test_each_has_a_phone_book_of_its_own(many: PhoneSystems) -> None:
    acme, bolt = many.named("acme"), many.named("bolt")
    assert acme
    assert bolt
    acme.store.add_entry(Content(None, {"display_name": "Ann", "phone": "1"}))
    assert [
        acme.context("directory").phone_book.count_entries(),
        bolt.context("directory").store().count_entries(),
    ] == [1, 0]
    assert many.named("acme") is acme
    assert acme.context("directory").of("web").phone_system == "acme"
    assert [system.title for system in many] == ["Acme", "Bolt"]


def test_what_is_published_counts_within_seconds(many: PhoneSystems, clock: Clock, tree: Callable[..., Path]) -> None:
    acme = many.named("acme")
    assert acme
    assert acme.installation.published == {}
    folder = tree("acme", "Ann")
    (folder / "acme" / "config.yaml").write_text("timezone: Europe/Berlin\n")
    publish(many.fleet, folder)
    assert acme.installation.published == {}
    clock.now += FRESH
    assert acme.installation.published == {"staff": "/acme/profiles/staff.yaml"}
    assert acme.installation.config.timezone == "Europe/Berlin"
    assert acme.installation is acme.installation


def test_one_that_is_suspended_is_served_and_one_that_is_gone_is_not(many: PhoneSystems, clock: Clock) -> None:
    tenants.suspend(many.fleet, "acme")
    tenants.remove(many.fleet, "bolt")
    assert many.named("acme")
    assert many.named("bolt") is None
    acme = many.named("acme")
    tenants.remove(many.fleet, "acme")
    clock.now += FRESH
    assert many.named("acme") is None
    assert acme
    with pytest.raises(UsageError, match="no phone system acme any more"):
        _ = acme.title


def test_one_that_was_added_anew_under_an_old_id_is_another_whether_or_not_anybody_asked_meanwhile(
    many: PhoneSystems, clock: Clock
) -> None:
    acme = many.named("acme")
    assert acme
    tenants.remove(many.fleet, "acme")
    tenants.add(many.fleet, "acme")
    clock.now += FRESH
    assert many.named("acme") not in (None, acme)
    with pytest.raises(UsageError, match="no phone system acme any more"):
        _ = acme.title


def test_a_tenant_added_anew_under_an_old_id_has_nothing_of_the_one_before(
    many: PhoneSystems, tree: Callable[..., Path]
) -> None:
    folder = tree("acme", "Ann")
    publish(many.fleet, folder)
    assert many.fleet.load("acme").profiles.keys() == {"staff"}
    tenants.remove(many.fleet, "acme")
    tenants.add(many.fleet, "acme")
    (folder / "acme" / "profiles" / "staff.yaml").rename(folder / "acme" / "profiles" / "people.yaml")
    publish(many.fleet, folder)
    assert many.fleet.load("acme").profiles.keys() == {"people"}


def test_a_version_is_compiled_once(many: PhoneSystems, tree: Callable[..., Path]) -> None:
    folder = tree("acme", "Ann")
    publish(many.fleet, folder)
    first = many.fleet.load("acme")
    assert many.fleet.load("acme").profile("staff") is first.profile("staff")
    tree("acme", "Ann", "Bob")
    publish(many.fleet, folder)
    assert many.fleet.load("acme").profile("staff") is not first.profile("staff")


def test_files_that_somebody_changed_are_laid_out_again(many: PhoneSystems, tree: Callable[..., Path]) -> None:
    folder = tree("acme", "Ann")
    publish(many.fleet, folder)
    laid_out = next(
        many.fleet.layouts.lay_out("acme", versions.contents(many.fleet.control, "acme", 1)).glob("staff.csv")
    )
    laid_out.chmod(0o600)
    laid_out.write_text("Id;Name;Phone\n1;Mallory;+49 1\n")
    many.fleet.load("acme")
    assert "Ann" in laid_out.read_text()


def test_no_more_versions_are_kept_than_there_is_room_for() -> None:
    read, some = ReadVersions(2), ReadVersion(Contents(Config(), {}), confinement("acme", Path("/a"), Path("/b")))
    for number in (1, 2):
        read.put(("acme", 0.0, number), some)
    assert read.get(("acme", 0.0, 1)) is some
    read.put(("acme", 0.0, 3), some)
    assert [read.get(("acme", 0.0, number)) is some for number in (1, 2, 3)] == [True, False, True]


def test_while_the_control_database_is_unreachable_what_was_known_holds(
    many: PhoneSystems, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = many.at("acme.pbx.example.com")

    def away(*_: object) -> None:
        raise StoreError("the database cannot be reached")

    monkeypatch.setattr(registry, "known", away)
    clock.now += FRESH
    assert many.at("acme.pbx.example.com") is acme
    with pytest.raises(StoreError):
        many.named("bolt-2")


def test_names_are_checked_and_belong_to_one(many: PhoneSystems) -> None:
    control, domain = many.fleet.control, "pbx.example.com"
    assert add_host(control, "acme", "PHONES.acme.example.", domain) == "phones.acme.example"
    assert add_host(control, "acme", "phones.acme.example", domain) == "phones.acme.example"
    assert hosts(control, "acme") == ["phones.acme.example"]
    with pytest.raises(UsageError, match="the name of tenant acme already"):
        add_host(control, "bolt", "phones.acme.example", domain)
    with pytest.raises(UsageError, match="the name of tenant bolt"):
        add_host(control, "acme", "bolt.pbx.example.com", domain)
    for wrong in ("", "a b", "-a.example", "x" * 300, "über.example", "a/b", "https://a.example/"):
        with pytest.raises(UsageError, match="cannot be a host name"):
            add_host(control, "acme", wrong, domain)
    assert remove_host(control, "acme", "phones.acme.example", domain) == "phones.acme.example"
    with pytest.raises(UsageError, match="no name of tenant acme"):
        remove_host(control, "acme", "phones.acme.example", domain)
    with pytest.raises(UsageError, match=r"acme\.pbx\.example\.com cannot be removed"):
        remove_host(control, "acme", "acme.pbx.example.com", domain)
