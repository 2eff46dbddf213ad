"""Secrets by reference."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import keyring
import keyring.backend
import keyring.backends.fail
import pytest
from pydantic import BaseModel, ValidationError

from pbx_connector.errors import ConnectorError, UsageError
from pbx_connector.secret import Secret, keep_secret, name_secrets


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


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_is_no_part_of_a_secret(tmp_path: Path, mark: bytes) -> None:
    (tmp_path / "s").write_bytes(mark + "pässword\r\n".encode())
    assert Secret(file=tmp_path / "s").reveal().get_secret_value() == "pässword"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_secret_may_be_written_as_windows_writes_text(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "s").write_bytes("\ufeffpässword\r\n".encode(encoding))
    assert Secret(file=tmp_path / "s").reveal().get_secret_value() == "pässword"


def test_a_relative_file_counts_from_the_profile(tmp_path: Path) -> None:
    secret = Secret.model_validate({"file": "s.txt"}, context={"folder": tmp_path})
    assert secret.file == tmp_path / "s.txt"


def test_what_is_not_there_is_named_with_a_way_out(tmp_path: Path, without_keyring: None) -> None:
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    for secret, said in (
        (Secret(env="hunter2"), "variable for a secret is not set"),
        (Secret(env="\ud800hunter2"), "variable for a secret is not set"),
        (Secret(file=tmp_path / "hunter2"), f"for a secret cannot be read: there is no such file in {tmp_path}"),
        (Secret(file=tmp_path / "hunter2" / "x"), f"cannot be read: there is no such file in {tmp_path}"),
        (Secret(file=tmp_path / ("hunter2" * 100)), "File name too long"),
        (Secret(file=Path("hunter2\0")), "no file can have that name"),
        (Secret(file=tmp_path / "empty"), f"{tmp_path}/empty is empty"),
        (Secret(file=tmp_path / "pipe"), f"{tmp_path}/pipe cannot be read: it is a named pipe"),
        (Secret(file=tmp_path), "it is a folder"),
        (Secret(file=Path("/dev/zero")), "it is a device"),
        (Secret(keyring="hunter2"), "keyring cannot be read"),
    ):
        with pytest.raises(ConnectorError) as caught:
            secret.reveal()
        assert said in caught.value.message
        assert caught.value.hint
        assert "hunter2" not in f"{caught.value.message} {caught.value.hint} {secret!r} {secret} {secret.place}"


def test_a_secret_that_is_not_there_goes_by_its_key_in_the_profile() -> None:
    class Login(BaseModel):
        password: Secret

    class Settings(BaseModel):
        logins: tuple[Login, ...]

    settings = Settings(logins=(Login(password=Secret(env="hunter2")),))
    name_secrets(settings, "settings")
    with pytest.raises(UsageError, match=r"variable for settings\.logins\.password is not set"):
        settings.logins[0].password.reveal()


def test_a_file_that_everybody_may_read_is_exposed_unless_a_folder_above_it_is_closed() -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "s")
        file.touch()
        found = []
        for of_folder, of_file in ((0o755, 0o644), (0o755, 0o640), (0o711, 0o604), (0o700, 0o644)):
            Path(folder).chmod(of_folder)
            file.chmod(of_file)
            found.append(Secret(file=file).is_exposed)
        assert found == [True, False, True, False]
        assert not Secret(file=file.with_name("none")).is_exposed


def test_a_secret_is_kept_in_the_keyring_if_there_is_one(tmp_path: Path, with_keyring: Memory) -> None:
    kept = keep_secret("s3", name="office-password", beside=tmp_path / "office.yaml")
    assert kept == Secret(keyring="office-password")
    assert kept.reveal().get_secret_value() == "s3"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError, match="no secret of the name that a secret gives"):
        Secret(keyring="other").reveal()


def test_without_a_keyring_it_is_kept_in_a_file_of_its_owner_alone(tmp_path: Path, without_keyring: None) -> None:
    kept = keep_secret("s3", name="office-password", beside=tmp_path / "office.yaml")
    assert kept.file == tmp_path / "office-password.secret"
    assert kept.reveal().get_secret_value() == "s3"
    assert stat.S_IMODE(kept.file.stat().st_mode) == 0o600
    assert "s3" not in kept.as_yaml()
