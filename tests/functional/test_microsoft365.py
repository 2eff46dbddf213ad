"""The way of an administrator with Microsoft 365: an app in place of a password, and what can be wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.backend
import pytest
from pbx_exchange.sandbox import Fault, Sandbox
from product import Connector

WITHOUT_PASSWORD = re.compile(r"^  (password|url):.*\n", re.MULTILINE)


@pytest.fixture
def cloud() -> Iterator[Sandbox]:
    """A server that takes tokens only."""
    with Sandbox.start(auth=["bearer"], tls=True) as sandbox:
        yield sandbox


@pytest.fixture
def app_profile(connector: Connector, cloud: Sandbox) -> Path:
    """The standard profile, edited as docs/exchange.md says; the secret is in a file."""
    path, secret = connector.home / "office.yaml", connector.home / "secret.txt"
    secret.write_text(cloud.application.secret)
    connector("new", "exchange-contacts", "--file", path, "--email", cloud.email, "--password-file", secret)
    app = (
        f"  url: {cloud.url}\n  ca_file: {cloud.ca_file}\n  oauth:\n    tenant: example.com\n"
        f"    client_id: {cloud.application.client_id}\n    client_secret: {{file: {secret}}}\n"
        f"    authority: {cloud.authority_url}\n"
    )
    path.write_text(WITHOUT_PASSWORD.sub("", path.read_text()).replace("settings:\n", f"settings:\n{app}"))
    for account in cloud.accounts:
        connector("accounts", "add", account.id, "--username", account.username, "--email", account.email)
    return path


def test_from_a_new_profile_to_a_second_run_that_changes_nothing(connector: Connector, app_profile: Path) -> None:
    connector("check", app_profile)
    assert all(line.startswith("ok ") for line in connector("test-connection", app_profile).out.splitlines())
    first = connector.counts(app_profile)
    assert first["added"] > 50
    later = connector.counts(app_profile)
    assert (later["added"], later["updated"], later["removed"], later["unchanged"]) == (0, 0, 0, first["added"])
    full = connector("run", app_profile, "--full", "--json").json["counts"]
    assert (full["added"], full["updated"], full["removed"], full["unchanged"]) == (0, 0, 0, first["added"])


def wrong_secret(connector: Connector, cloud: Sandbox) -> None:
    (connector.home / "secret.txt").write_text("wrong-secret-7")


def expired_secret(connector: Connector, cloud: Sandbox) -> None:
    cloud.application.secret_expired = True


def another_app(connector: Connector, cloud: Sandbox) -> None:
    path = connector.home / "office.yaml"
    path.write_text(path.read_text().replace(cloud.application.client_id, "5a4db0c5-0000-4000-8000-00000000beef"))


def no_right(connector: Connector, cloud: Sandbox) -> None:
    cloud.application.impersonates.clear()


def token_refused(connector: Connector, cloud: Sandbox) -> None:
    cloud.faults.add(Fault(name="401", times=None))


def service_user_without_mailbox(connector: Connector, cloud: Sandbox) -> None:
    cloud.state.remove_user(cloud.email)


@pytest.mark.parametrize(
    ("trouble", "words", "hint"),
    [
        (wrong_secret, "the client secret is wrong", "store the secret's value"),
        (expired_secret, "the client secret has expired", "make a new one in Entra"),
        (another_app, "the tenant knows no app of this client id", "check tenant: and client_id:"),
        (no_right, "pbx@example.com: the service user may not act for this mailbox", "full_access_as_app"),
        (token_refused, "the server does not accept the token", "full_access_as_app"),
        (service_user_without_mailbox, "pbx@example.com: there is no mailbox of this name", "check e-mail address"),
    ],
)
def test_each_trouble_has_words_and_a_hint_of_its_own(
    connector: Connector,
    app_profile: Path,
    cloud: Sandbox,
    trouble: Callable[[Connector, Sandbox], None],
    words: str,
    hint: str,
) -> None:
    before = connector.counts(app_profile)
    trouble(connector, cloud)
    done = connector("run", app_profile, code=4)
    error, advice = done.err.splitlines()  # and nothing else: no library speaks up
    assert error.startswith("error: ")
    assert words in error
    assert hint in advice
    *_, failed, what_to_do = connector("test-connection", app_profile, code=4).out.splitlines()
    assert failed.startswith("failed  log-in: ")
    assert hint in what_to_do
    assert "wrong-secret-7" not in done.err
    assert len(connector.entries()) == before["added"]


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


def test_a_secret_may_be_in_the_keyring_or_the_environment(
    connector: Connector, app_profile: Path, cloud: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Ring()
    keyring.set_keyring(ring)
    by_file = f"{{file: {connector.home / 'secret.txt'}}}"
    text = app_profile.read_text()
    app_profile.write_text(text.replace(by_file, "{keyring: office}"))
    missing = connector("run", app_profile, code=None)
    assert missing.code != 0
    assert "settings.oauth.client_secret" in missing.err
    assert "office" not in missing.err.replace("office.yaml", "")  # it may be the secret itself
    ring.set_password("pbx-connector", "office", cloud.application.secret)
    assert connector.counts(app_profile)["added"] > 50
    app_profile.write_text(text.replace(by_file, "{env: APP_SECRET}"))
    monkeypatch.setenv("APP_SECRET", cloud.application.secret)
    assert connector.counts(app_profile)["added"] == 0
