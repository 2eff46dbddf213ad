"""Secrets in the control database: bound to their tenant and name, readable with the key file alone."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from pydantic import BaseModel

from pbx_connector.application import publishing, tenants
from pbx_connector.application.fleet import Fleet
from pbx_connector.errors import ConnectorError, UsageError
from pbx_connector.secret import Secret, bind_vault, name_secrets
from pbx_connector.tenants.vault import Keys, TenantVault, add_key

WORD = "v3ry-s3cret-w0rd"


class Settings(BaseModel):
    password: Secret


@pytest.fixture
def acme(fleet: Fleet) -> TenantVault:
    """Has a secret `ews`; so has another tenant, of which it knows nothing."""
    tenants.new_key(fleet.config.keys)
    for id, word in (("acme", WORD), ("bolt", "w0rd-of-b0lt")):
        tenants.add(fleet, id)
        tenants.set_secret(fleet, id, "ews", word, who="ann")
    return TenantVault(fleet.control, fleet.config.keys, "acme")


def execute(fleet: Fleet, statement: str) -> None:
    with psycopg.connect(fleet.config.database) as connection:
        connection.execute(statement)


def test_a_secret_is_stored_encrypted_and_read_when_it_is_wanted(fleet: Fleet, acme: TenantVault) -> None:
    settings = Settings.model_validate({"password": {"vault": "ews"}})
    bind_vault(settings, acme)
    assert settings.password.reveal().get_secret_value() == WORD
    with psycopg.connect(fleet.config.database) as connection:
        rows = connection.execute("SELECT * FROM pbx_control.secret").fetchall()
    assert len(rows) == 2
    assert WORD.encode() not in b"".join(row[2] for row in rows)
    assert WORD not in repr(rows)


def test_each_tenant_has_its_own(fleet: Fleet, acme: TenantVault) -> None:
    assert TenantVault(fleet.control, fleet.config.keys, "bolt").secret("ews") == "w0rd-of-b0lt"
    assert acme.secret("other") is None
    assert [row.name for row in tenants.secrets(fleet, "acme")] == ["ews"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pbx_control.secret SET sealed = (SELECT sealed FROM pbx_control.secret WHERE tenant = 'bolt')",
        "UPDATE pbx_control.secret SET sealed = sealed || 'x'::bytea",
        "UPDATE pbx_control.secret SET sealed = ''::bytea",
    ],
)
def test_a_row_that_was_changed_or_copied_from_another_tenant_is_refused(
    fleet: Fleet, acme: TenantVault, statement: str
) -> None:
    execute(fleet, statement)
    with pytest.raises(ConnectorError, match="cannot be decrypted") as refused:
        acme.secret("ews")
    assert "w0rd" not in f"{refused.value.message}{refused.value.hint}"


def test_a_row_of_another_name_is_refused(fleet: Fleet, acme: TenantVault) -> None:
    execute(fleet, "UPDATE pbx_control.secret SET name = 'other' WHERE tenant = 'acme'")
    with pytest.raises(ConnectorError, match="cannot be decrypted"):
        acme.secret("other")


def test_keys_are_rotated_and_old_ones_can_go(fleet: Fleet, acme: TenantVault) -> None:
    path = fleet.config.keys
    assert path is not None
    old = path.read_text()
    tenants.new_key(path)
    assert acme.secret("ews") == WORD
    assert tenants.rotate_secrets(fleet) == 2
    assert tenants.rotate_secrets(fleet) == 0
    path.write_text(path.read_text().removesuffix(old))
    assert acme.secret("ews") == WORD
    path.write_text(old)
    with pytest.raises(ConnectorError, match="which the key file does not have"):
        acme.secret("ews")


@pytest.mark.parametrize("mode", [0o604, 0o640 | 0o020, 0o602, 0o601])
def test_a_key_file_that_others_may_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    add_key(tmp_path / "keys")
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600
    (tmp_path / "keys").chmod(mode)
    with pytest.raises(UsageError, match="other users may read or change") as refused:
        Keys.read(tmp_path / "keys")
    assert refused.value.hint == f"chmod 600 {tmp_path / 'keys'}"


def test_a_group_may_read_the_key_file_as_secrets_are_mounted_into_containers(tmp_path: Path) -> None:
    key = add_key(tmp_path / "keys")
    (tmp_path / "keys").chmod(0o440)
    assert Keys.read(tmp_path / "keys").first == key


@pytest.mark.parametrize("text", ["", "# nothing\n", "not base64!\n", "c2hvcnQ=\n"])
def test_a_key_file_without_keys_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UsageError, match="key file") as refused:
        Keys.read(path)
    assert not text.strip() or text.strip() not in f"{refused.value.message}{refused.value.hint}"
    assert "put your copy" in refused.value.hint
    with pytest.raises(UsageError):  # so that new-key, which keeps the keys that are there, is no way out
        add_key(path)


def test_without_a_key_file_it_is_said_what_to_do(fleet: Fleet) -> None:
    tenants.add(fleet, "acme")
    with pytest.raises(UsageError, match="cannot be read: there is no such file") as refused:
        tenants.set_secret(fleet, "acme", "ews", WORD, who="ann")
    assert refused.value.hint.startswith("put your copy of the key file there")
    assert "if there never was one, pbx-connector tenants secrets new-key makes one" in refused.value.hint


def test_a_vault_is_for_tenants_alone() -> None:
    settings = Settings.model_validate({"password": {"vault": "ews"}})
    name_secrets(settings, "settings")
    with pytest.raises(UsageError, match=r"settings\.password names a secret of a vault, which only tenants have"):
        settings.password.reveal()


def test_the_same_profile_of_two_tenants_has_two_secrets(
    fleet: Fleet, acme: TenantVault, tree: Callable[..., Path]
) -> None:
    profile = """\
title: Staff
source: csv
settings: {url: 'https://example.com/staff.csv', token: {vault: ews}, key: Id}
structure:
  phonebook:
    - 028pho_bez: "{{Name}}"
"""
    tree("acme", "Ann", profile=profile)
    for planned in publishing.publications(fleet, tree("bolt", "Ann", profile=profile), who="ann"):
        publishing.publish(fleet, planned)
    loaded = [fleet.load(id).profile("staff") for id in ("acme", "bolt", "acme")]
    tokens = [profile.settings.token for profile in loaded if profile]  # type: ignore[attr-defined]
    assert [token.reveal().get_secret_value() for token in tokens] == [WORD, "w0rd-of-b0lt", WORD]
    assert WORD not in repr(loaded)


def test_nothing_that_is_said_of_secrets_has_one(
    fleet: Fleet, acme: TenantVault, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        tenants.set_secret(fleet, "acme", "ews", WORD, who="ann")
        acme.secret("ews")
        said = repr([dataclasses.asdict(row) for row in tenants.secrets(fleet, "acme")])
    assert fleet.config.keys is not None
    key = fleet.config.keys.read_text().strip()
    for text in (caplog.text, said, repr(Keys.read(fleet.config.keys).first)):
        assert WORD not in text
        assert key not in text
