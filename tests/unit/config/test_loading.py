"""config.yaml and the environment: which counts, and what is said when either is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbx_connector.config import Config, load_config, variables
from pbx_connector.config.loading import places
from pbx_connector.errors import ConfigError
from pbx_connector.secret import Secret

NOBODY: dict[str, str] = {}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def failed(file: Path, environment: dict[str, str] = NOBODY) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_config(file, environment)
    return caught.value


def test_a_file_is_read_and_paths_count_from_its_folder(file: Path, tmp_path: Path) -> None:
    file.write_text("store: sqlite:////var/book.sqlite\nservice: {parallel: 4}\nprofiles: mine\n")
    config = load_config(file, NOBODY)
    assert config.store == "sqlite:////var/book.sqlite"
    assert config.service.parallel == 4
    assert config.profiles == tmp_path / "mine"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "\n\n", "{}\n"])
def test_an_empty_file_means_the_defaults(file: Path, text: str) -> None:
    file.write_text(text)
    assert load_config(file, NOBODY) == Config(profiles=file.parent / "profiles")


def test_a_variable_counts_before_the_file(file: Path) -> None:
    file.write_text("store: sqlite:///a\nmail: {host: a.example, sender: a@a.example, to: [b@a.example]}\n")
    environment = {"PBX_CONNECTOR_STORE": "sqlite:///b", "PBX_CONNECTOR_MAIL_HOST": "b.example"}
    config = load_config(file, environment)
    assert config.mail is not None
    assert (config.store, config.mail.host, config.mail.sender) == ("sqlite:///b", "b.example", "a@a.example")


def test_variables_alone_are_enough(file: Path) -> None:
    file.write_text("")
    environment = {
        "PBX_CONNECTOR_WEBHOOK_URL": "https://example.com/hook",
        "PBX_CONNECTOR_WEBHOOK_SECRET_FILE": "hook.secret",
        "PBX_CONNECTOR_SERVICE_JITTER": "5s",
    }
    config = load_config(file, environment)
    assert config.webhook is not None
    assert config.webhook.secret == Secret(file=file.parent / "hook.secret")


def test_a_secret_of_the_environment_takes_the_place_of_the_files(file: Path) -> None:
    file.write_text("webhook: {url: 'https://example.com', secret: {keyring: hook}}\n")
    config = load_config(file, {"PBX_CONNECTOR_WEBHOOK_SECRET_ENV": "HOOK"})
    assert config.webhook is not None
    assert config.webhook.secret == Secret(env="HOOK")


def test_every_key_has_a_variable() -> None:
    names = dict(variables())
    assert names["PBX_CONNECTOR_STORE"] == ("store",)
    assert names["PBX_CONNECTOR_MAIL_PASSWORD_KEYRING"] == ("mail", "password", "keyring")
    assert names["PBX_CONNECTOR_NOTIFY_OVERDUE_AFTER"] == ("notify", "overdue_after")
    assert {path[0] for path in names.values()} == set(Config.model_fields) - {"plugins"}


def test_the_file_can_be_named_by_a_variable(file: Path) -> None:
    file.write_text("timezone: Europe/Berlin\n")
    assert load_config(None, {"PBX_CONNECTOR_CONFIG": str(file)}).timezone == "Europe/Berlin"


def test_the_users_file_comes_before_the_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert places()[0] == tmp_path / "pbx-connector" / "config.yaml"
    assert places()[1] == Path("/etc/pbx-connector/config.yaml")
    (tmp_path / "pbx-connector").mkdir()
    places()[0].write_text("timezone: Asia/Tokyo\n")
    assert load_config(None, NOBODY).timezone == "Asia/Tokyo"


def test_all_mistakes_are_told_at_once_each_at_its_place(file: Path) -> None:
    file.write_text("mial: {}\nservice:\n  parallel: many\n  listen: nowhere\nnotify: {partial_aftr: 3}\n")
    error = failed(file)
    places = [(found.span.line, found.code) for found in error.diagnostics]
    assert sorted(places) == [(1, "P0103"), (3, "P0104"), (4, "P0104"), (5, "P0103")]
    hints = " ".join(found.hint for found in error.diagnostics)
    assert "did you mean mail?" in hints
    assert "did you mean partial_after?" in hints


def test_what_is_no_yaml_hides_no_mistake(file: Path) -> None:
    file.write_text("profiles: a: b\nstor: x\nservice: {parallel: many}\nmail:\n\thost: x\n")
    found = [(item.code, item.span.line) for item in failed(file).diagnostics]
    assert found == [("R0001", 1), ("P0103", 2), ("P0104", 3), ("R0001", 5)]


def test_a_password_in_the_file_is_refused_and_not_repeated(file: Path) -> None:
    file.write_text("mail: {host: h, sender: a@b.c, to: [d@e.f], user: u, password: hunter2}\n")
    error = failed(file)
    assert [found.code for found in error.diagnostics] == ["P0107"]
    assert "hunter2" not in error.text + error.message + str(error.diagnostics)


def test_a_wrong_variable_is_named(file: Path) -> None:
    file.write_text("timezone: UTC\n")
    error = failed(file, {"PBX_CONNECTOR_SERVICE_PARALLEL": "many"})
    assert "PBX_CONNECTOR_SERVICE_PARALLEL" in error.diagnostics[0].message


def test_wrong_variables_without_a_file_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="PBX_CONNECTOR_TIMEZONE: 'timezone': unknown time zone"):
        load_config(None, {"PBX_CONNECTOR_TIMEZONE": "Middle/Earth"})


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"- a\n", "cannot be used"), (b"a: [\n", "cannot be used"), (b"a: \xff", "not UTF-8"), (None, "cannot be read")],
)
def test_what_is_no_configuration_is_refused(file: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        file.write_bytes(content)
    assert words in failed(file).message
