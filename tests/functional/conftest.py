"""The product against a sandbox Exchange: what the functional tests share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest
from pbx_exchange.sandbox import Sandbox
from product import Connector
from serving import Serve, Serving

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def connector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connector]:
    connector = Connector(tmp_path)
    for name, value in connector.environment.items():
        monkeypatch.setenv(name, value)
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    yield connector
    keyring.set_keyring(before)


@pytest.fixture
def write(connector: Connector) -> Callable[[str, str], Path]:
    """Writes a file where commands are called."""

    def write(name: str, text: str) -> Path:
        path = connector.home / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def sandbox(ews_schema: Path | None) -> Iterator[Sandbox]:
    """A sandbox Exchange; every request and answer must be valid by Microsoft's schema, where that is at hand."""
    with Sandbox.start(validate=ews_schema) as sandbox:
        yield sandbox
    assert sandbox.violations == []


@pytest.fixture
def profile(connector: Connector, sandbox: Sandbox) -> Path:
    """The standard profile for the sandbox, made as an administrator makes it; its accounts are known."""
    path = connector.home / "exchange-contacts.yaml"
    password = connector.home / "password.txt"
    password.write_text(sandbox.password)
    connector(
        *("new", "exchange-contacts", "--file", path, "--name", "Exchange contacts"),
        *("--email", sandbox.email, "--url", sandbox.url, "--password-file", password),
    )
    path.write_text(re.sub(r"(password: {file: ).*}", rf"\g<1>{password}}}", path.read_text()))  # wherever it is moved
    lines = [f"{account.id},{account.username},{account.email}" for account in sandbox.accounts]
    (connector.home / "accounts.csv").write_text("\n".join(["id,username,email", *lines]))
    connector("accounts", "import", "accounts.csv")
    return path


@pytest.fixture
def profiles(connector: Connector) -> Path:
    folder = connector.home / "profiles"
    folder.mkdir()
    return folder


@pytest.fixture
def config(connector: Connector, profiles: Path) -> Path:
    path = connector.home / "config.yaml"
    path.write_text("service: {listen: '127.0.0.1:0', jitter: 0s, stop_within: 2s}\n")
    return path


@pytest.fixture
def serve(connector: Connector, config: Path) -> Iterator[Serve]:
    started: list[Serving] = []

    def serve(of: Path = config) -> Serving:
        started.append(Serving(connector, of))
        return started[-1]

    yield serve
    for serving in started:
        if serving.process.poll() is None:
            serving.process.kill()
            serving.process.wait()
