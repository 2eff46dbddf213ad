"""What can be published, and what a tenant's files may name on a worker."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from pbx_connector.application import publishing, tenants
from pbx_connector.application.fleet import Fleet, RunnableTenants
from pbx_connector.application.publishing import Publication, Status
from pbx_connector.errors import ConfigError, ConnectorError, ProfileError, UsageError
from pbx_connector.tenants import schedules
from pbx_connector.tenants.layouts import Layouts
from pbx_connector.tenants.published import FileSet, WrongTree, write_tree


@pytest.fixture
def acme(fleet: Fleet, tree: Callable[..., Path]) -> Path:
    """The folder of a tenant that is there, with a profile."""
    tenants.add(fleet, "acme")
    return tree("acme", "Ann") / "acme"


def planned(fleet: Fleet, folder: Path) -> Publication:
    [publication] = publishing.publications(fleet, folder.parent, who="ann")
    return publication


def publish(fleet: Fleet, folder: Path) -> Status:
    return publishing.result(fleet, planned(fleet, folder)).status


def errors(publication: Publication) -> list[str]:
    said = [found.message for file in publication.wrong for found in file.findings if found.severity == "error"]
    return said + ([publication.error.message] if publication.error else [])


def profile_with(settings: str) -> str:
    structure = 'structure: {phonebook: [{028pho_bez: "{{Name}}"}]}\n'
    return f"title: Staff\nsource: csv\nsettings: {settings}\n{structure}"


# --- what is published -------------------------------------------------------------------------------------------


def test_links_are_not_followed(fleet: Fleet, acme: Path) -> None:
    (acme / "profiles" / "more.yaml").symlink_to("/etc/passwd")
    assert "it is a link" in errors(planned(fleet, acme))[0]
    assert publish(fleet, acme) is Status.WRONG
    (acme / "profiles" / "more.yaml").unlink()
    (acme / "others").symlink_to(acme.parent.parent)
    assert "it is a link" in errors(planned(fleet, acme))[0]


def test_a_folder_that_is_a_link_is_not_published(fleet: Fleet, acme: Path, tmp_path: Path) -> None:
    acme.rename(tmp_path / "elsewhere")
    acme.symlink_to(tmp_path / "elsewhere")
    assert "it is a link" in errors(planned(fleet, acme))[0]


@pytest.mark.skipif(os.name != "posix", reason="a pipe is POSIX")
def test_what_is_no_file_is_not_waited_for(fleet: Fleet, acme: Path) -> None:
    os.mkfifo(acme / "pipe")
    assert "it is a named pipe" in errors(planned(fleet, acme))[0]


def test_secrets_are_not_published(fleet: Fleet, acme: Path) -> None:
    (acme / "ews.secret").write_text("w0rd")
    assert "secrets are not published" in errors(planned(fleet, acme))[0]


def test_a_folder_without_profiles_takes_nothing_away(fleet: Fleet, acme: Path) -> None:
    """As after a checkout that failed."""
    publish(fleet, acme)
    (acme / "profiles" / "staff.yaml").unlink()
    assert "there is no profile" in errors(planned(fleet, acme))[0]


def test_no_more_is_published_than_a_worker_can_lay_out(
    fleet: Fleet, acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pbx_connector.tenants.published.MOST_BYTES", 1000)
    (acme / "large.csv").write_text("x" * 2000)
    assert "larger than 1 kB" in errors(planned(fleet, acme))[0] or "no more than" in errors(planned(fleet, acme))[0]


def test_hidden_files_and_folders_of_nobody_are_passed_over(fleet: Fleet, acme: Path) -> None:
    (acme / ".git").mkdir()
    (acme.parent / ".git").mkdir()
    (acme.parent / "README.md").write_text("ours")
    publication = planned(fleet, acme)
    assert publication.changes.added == ("profiles/staff.yaml", "staff.csv")


def test_folders_that_no_tenant_is_called_like_are_told(fleet: Fleet, acme: Path) -> None:
    (acme.parent / "Not_A_Tenant").mkdir()
    found = {one.tenant: one for one in publishing.publications(fleet, acme.parent, who="ann")}
    assert not found["acme"].is_wrong
    assert "cannot be the id of a tenant" in errors(found["Not_A_Tenant"])[0]


def test_the_folder_of_one_tenant_is_not_taken_for_that_of_all(fleet: Fleet, acme: Path) -> None:
    """Its profiles/ would be a tenant called profiles, whom --add adds."""
    added: list[str] = []
    with pytest.raises(UsageError, match="is the folder of one tenant") as refused:
        list(publishing.publications(fleet, acme, who="ann", add=added.append))
    assert refused.value.hint == f"pbx-connector tenants publish {acme.parent} acme"
    assert added == []


def test_two_profiles_of_one_id_are_refused(fleet: Fleet, acme: Path) -> None:
    text = (acme / "profiles" / "staff.yaml").read_text()
    (acme / "profiles" / "again.yaml").write_text(f"id: staff\n{text}")
    assert errors(planned(fleet, acme)) == ["its id staff is that of profiles/again.yaml already"]


def test_a_new_version_has_its_profiles_scheduled_and_those_that_stay_keep_their_time(fleet: Fleet, acme: Path) -> None:
    def rows() -> dict[str, tuple[int, float | None]]:
        with fleet.control.read() as connection:
            return {row.profile: (row.version, row.next_at) for row in schedules.of_tenant(connection, "acme")}

    publish(fleet, acme)
    with psycopg.connect(fleet.config.database) as connection:
        connection.execute("UPDATE pbx_control.schedule SET next_at = 7, state = 'quarantined', lost = 3")
    text = (acme / "profiles" / "staff.yaml").read_text()
    (acme / "profiles" / "asked.yaml").write_text(text.replace("schedule: {every: 15m}\n", ""))
    publish(fleet, acme)
    assert rows() == {"staff": (2, 7.0), "asked": (2, None)}
    (acme / "profiles" / "staff.yaml").unlink()
    (acme / "profiles" / "asked.yaml").write_text(text.replace("15m", "2h"))
    publish(fleet, acme)
    assert rows().keys() == {"asked"}
    assert rows()["asked"][1] is not None


def test_the_first_runs_of_many_tenants_are_spread_over_their_interval(fleet: Fleet, acme: Path) -> None:
    shares = sorted(schedules.share(f"tenant-{number}", "staff") for number in range(1000))
    assert all(abs(share - number / 1000) < 0.1 for number, share in enumerate(shares))


# --- what files may name ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ("{file: ../staff.csv, key: Id}", ""),
        ("{file: ../../bolt/staff.csv, key: Id}", "leads to what is not this tenant's"),
        ("{file: /etc/passwd, key: Id}", "leads to what is not this tenant's"),
        ("{file: FILES/acme/staff.csv, key: Id}", ""),
        ("{file: FILES/acme/../bolt/staff.csv, key: Id}", "leads to what is not this tenant's"),
        ("{file: FILES/acme-2/staff.csv, key: Id}", "leads to what is not this tenant's"),
        ("{file: FILES/acme/link/staff.csv, key: Id}", "leads to what is not this tenant's"),
        ("{folder: /, key: Id}", "leads to what is not this tenant's"),
        ("{folder: FILES/acme, key: Id}", "leads to what is not this tenant's"),
        ("{folder: FILES/acme/by-link, key: Id}", "leads to what is not this tenant's"),
        ("{folder: FILES/acme/lists, key: Id}", ""),
        ("{file: ~/staff.csv, key: Id}", "leads to what is not this tenant's"),
        ("{url: 'https://example.com/a', token: {env: TOKEN}, key: Id}", "a variable that is not this tenant's"),
        ("{url: 'https://example.com/a', token: {env: PBX_TENANT_BOLT__TOKEN}, key: Id}", "not this tenant's"),
        ("{url: 'https://example.com/a', token: {env: PBX_TENANT_ACME__TOKEN}, key: Id}", ""),
        ("{url: 'https://example.com/a', token: {file: FILES/acme/token}, key: Id}", ""),
        ("{url: 'https://example.com/a', token: {file: ../token}, key: Id}", "a file that is not this tenant's"),
        ("{url: 'https://example.com/a', token: {file: FILES/bolt/token}, key: Id}", "not this tenant's"),
        ("{url: 'https://example.com/a', token: {keyring: token}, key: Id}", "names a keyring"),
        ("{url: 'https://example.com/a', token: {vault: token}, key: Id}", ""),
    ],
)
def test_profiles_name_what_is_their_tenants(fleet: Fleet, acme: Path, settings: str, wrong: str) -> None:
    own = fleet.config.files / "acme"
    (own / "lists" / "old").mkdir(parents=True)
    (own / "by-link").mkdir()
    (own / "link").symlink_to(fleet.config.files / "bolt")
    (own / "lists" / "again").symlink_to(own / "lists" / "old")
    (own / "by-link" / "all").symlink_to(own)
    text = profile_with(settings.replace("FILES", str(fleet.config.files)))
    (acme / "profiles" / "staff.yaml").write_text(text)
    publication = planned(fleet, acme)
    assert [wrong in message for message in errors(publication)] == ([True] if wrong else [])
    if wrong:
        [found] = [found for file in publication.wrong for found in file.findings if found.severity == "error"]
        assert (found.code, found.span.line) == ("P0112", 3)
        assert found.span.column > len("settings: {")
        assert str(fleet.config.files) not in found.hint, "tenants read it on their pages"


def test_what_was_right_when_it_was_published_is_looked_at_again_on_the_worker(fleet: Fleet, acme: Path) -> None:
    own = fleet.config.files / "acme"
    own.mkdir(parents=True)
    (acme / "profiles" / "staff.yaml").write_text(profile_with(f"{{file: {own}/staff.csv, key: Id}}"))
    publish(fleet, acme)
    assert fleet.load("acme").profile("staff")
    (own / "staff.csv").symlink_to("/etc/passwd")
    with pytest.raises(ProfileError, match="profile staff of tenant acme cannot be used here"):
        RunnableTenants(fleet).load("acme").profile("staff")  # type: ignore[union-attr]


@pytest.mark.parametrize("key", ["store", "profiles", "service", "control"])
def test_a_configuration_says_nothing_of_the_provider(fleet: Fleet, acme: Path, key: str) -> None:
    values = {"service": "{parallel: 2}", "control": "{database: 'postgresql://x/y'}"}
    (acme / "config.yaml").write_text(f"{key}: {values.get(key, 'x')}\n")
    assert errors(planned(fleet, acme)) == [f"{key!r} is the provider's to say, not a tenant's"]


def test_a_configuration_is_the_tenants_whatever_the_environment_says(
    fleet: Fleet, acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PBX_CONNECTOR_TIMEZONE", "Asia/Tokyo")
    monkeypatch.setenv("PBX_CONNECTOR_MAIL_HOST", "mail.provider.example.com")
    (acme / "config.yaml").write_text("history: {keep: 30d}\n")
    publish(fleet, acme)
    config = fleet.load("acme").installation.config
    assert (config.history.keep.days, config.timezone, config.mail) == (30, "UTC", None)


def test_a_configuration_with_a_mistake_is_told_at_its_place(fleet: Fleet, acme: Path) -> None:
    (acme / "config.yaml").write_text("timezone: Nowhere/Land\n")
    [found] = planned(fleet, acme).wrong[0].findings
    assert (found.file, found.span.line) == (str(acme / "config.yaml"), 1)


# --- on a worker -------------------------------------------------------------------------------------------------


def test_published_files_are_laid_out_read_only_and_again_if_somebody_touched_them(fleet: Fleet, acme: Path) -> None:
    publish(fleet, acme)
    fleet.load("acme")
    [folder] = (fleet.config.cache or Path()).glob("acme/[!.]*")
    file = folder / "profiles" / "staff.yaml"
    assert file.stat().st_mode & 0o777 == 0o400
    file.chmod(0o600)
    file.write_text("title: Others\n")
    assert fleet.load("acme").profile("staff")
    assert "Others" not in file.read_text()


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "a//b", "./a", "a\\b", "", "a\nb"])
def test_no_path_of_a_version_leads_out_of_its_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(WrongTree):
        write_tree(FileSet({path: b"x"}), tmp_path / "in")
    assert list(tmp_path.rglob("*")) == [tmp_path / "in"]


def test_a_path_that_somebody_put_into_the_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="cannot be laid out"):
        Layouts(tmp_path / "cache").lay_out("acme", FileSet({"../../x": b"x"}))
    assert not (tmp_path / "x").exists()


def test_a_cache_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(UsageError, match="other users may change the folder"):
        Layouts(tmp_path).lay_out("acme", FileSet({"a": b"x"}))


def test_a_version_never_changes(fleet: Fleet, acme: Path) -> None:
    publish(fleet, acme)
    with psycopg.connect(fleet.config.database) as connection:
        for table, column in (("version", "who"), ("version_file", "digest"), ("blob", "digest")):
            with pytest.raises(psycopg.Error, match="a published version never changes"), connection.transaction():
                connection.execute(f"UPDATE pbx_control.{table} SET {column} = 'x'")


def test_a_version_that_somebody_tampered_with_is_not_run(fleet: Fleet, acme: Path) -> None:
    publish(fleet, acme)
    with psycopg.connect(fleet.config.database) as connection:
        connection.execute("ALTER TABLE pbx_control.blob DISABLE TRIGGER blob_frozen")
        connection.execute("UPDATE pbx_control.blob SET content = 'title: Others'")
    with pytest.raises(ConnectorError, match="is not what was published"):
        fleet.load("acme")


def test_workers_are_given_active_tenants_with_something_published(fleet: Fleet, acme: Path) -> None:
    directory = RunnableTenants(fleet)
    assert directory.load("acme") is None
    publish(fleet, acme)
    loaded = directory.load("acme")
    assert loaded is not None
    assert loaded.profile("staff") is not None
    assert loaded.profile("other") is None
    tenants.suspend(fleet, "acme")
    assert directory.load("acme") is None
    assert directory.load("nobody") is None


def test_a_published_configuration_that_cannot_be_used_here_is_told(
    fleet: Fleet, acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (acme / "config.yaml").write_text("history: {keep: 30d}\n")
    publish(fleet, acme)
    monkeypatch.setattr("pbx_connector.tenants.loading.OF_THE_MACHINE", ("history",))
    with pytest.raises(ConfigError, match="the configuration of tenant acme cannot be used here"):
        fleet.load("acme")
