"""Secrets by reference."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import pytest
from pydantic import ValidationError

from pbx_connector.errors import ConnectorError, UsageError
from pbx_connector.secret import Secret, keep_secret


class Memory(keyring.backend.KeyringBackend):
    """A keyring that works."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def restored_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.fixture
def with_keyring(restored_keyring: None) -> Memory:
    memory = Memory()
    keyring.set_keyring(memory)
    return memory


@pytest.fixture
def without_keyring(restored_keyring: None) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("places", [{}, {"env": "A", "file": "b"}, {"value": "x"}, {"env": "A", "keyring": "b"}])
def test_a_secret_has_exactly_one_place(places: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Secret.model_validate(places)


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", "pa ss")
    revealed = Secret(env="SOME_SECRET").reveal()
    assert revealed.get_secret_value() == "pa ss"
    assert "pa ss" not in repr(revealed)


def test_a_secret_comes_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("pässword \n", encoding="utf-8")
    assert Secret(file=tmp_path / "s").reveal().get_secret_value() == "pässword "


def test_a_relative_file_counts_from_the_profile(tmp_path: Path) -> None:
    secret = Secret.model_validate({"file": "s.txt"}, context={"folder": tmp_path})
    assert secret.file == tmp_path / "s.txt"


def test_what_is_not_there_is_named_with_a_way_out(tmp_path: Path, without_keyring: None) -> None:
    (tmp_path / "empty").touch()
    for secret, said in (
        (Secret(env="NOT_SET_ANYWHERE"), "NOT_SET_ANYWHERE is not set"),
        (Secret(file=tmp_path / "none"), "No such file"),
        (Secret(file=tmp_path / "empty"), "is empty"),
        (Secret(keyring="x"), "keyring cannot be read"),
    ):
        with pytest.raises(ConnectorError) as caught:
            secret.reveal()
        assert said in caught.value.message
        assert caught.value.hint


def test_a_secret_is_kept_in_the_keyring_if_there_is_one(tmp_path: Path, with_keyring: Memory) -> None:
    kept = keep_secret("s3", name="office-password", beside=tmp_path / "office.yaml")
    assert kept == Secret(keyring="office-password")
    assert kept.reveal().get_secret_value() == "s3"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError, match="no secret 'other'"):
        Secret(keyring="other").reveal()


def test_without_a_keyring_it_is_kept_in_a_file_of_its_owner_alone(tmp_path: Path, without_keyring: None) -> None:
    kept = keep_secret("s3", name="office-password", beside=tmp_path / "office.yaml")
    assert kept.file == tmp_path / "office-password.secret"
    assert kept.reveal().get_secret_value() == "s3"
    assert stat.S_IMODE(kept.file.stat().st_mode) == 0o600
    assert "s3" not in kept.as_yaml()
