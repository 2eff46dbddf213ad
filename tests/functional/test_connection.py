"""`test-connection` as an administrator meets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pbx_exchange.sandbox import Sandbox
from product import Connector


def test_each_step_is_told_and_all_is_well(connector: Connector, profile: Path, sandbox: Sandbox) -> None:
    shown = connector("test-connection", profile).out.splitlines()
    assert f"ok      address of the server: {sandbox.url}" in shown
    assert "ok      contacts of account anna: folders with contacts: 2" in shown
    assert all(line.startswith("ok ") for line in shown)


def test_what_fails_is_told_with_what_to_do(connector: Connector, profile: Path, sandbox: Sandbox) -> None:
    sandbox.state.set_impersonation(sandbox.email, "*", allowed=False)
    checks = connector("test-connection", "--json", profile, code=4).json
    failed = {check["step"]: check["code"] for check in checks if not check["ok"]}
    assert failed == {"Contacts of anna": "X0301", "Contacts of ben": "X0301", "Contacts of chloe": "X0301"}
    (connector.home / "password.txt").write_text("wrong")
    shown = connector("test-connection", profile, code=4).out.splitlines()
    assert shown[-2].startswith("failed  log-in: the server does not accept user name and password")
    assert shown[-1].strip().startswith("what to do: check email:")


UNCHECKED = "warning[X0111]: verify: false: the certificate is not checked: anybody in between can read along"


@pytest.fixture
def unverified(profile: Path, sandbox: Sandbox) -> Iterator[Path]:
    """The profile for a server whose certificate nobody vouches for."""
    with Sandbox.start(tls=True, password=sandbox.password) as protected:
        text = profile.read_text().replace(sandbox.url, protected.url)
        profile.write_text(text.replace("settings:\n", "settings:\n  verify: false\n"))
        yield profile


def test_an_unchecked_certificate_is_warned_of_in_each_run(connector: Connector, unverified: Path) -> None:
    assert UNCHECKED in connector("simulate", unverified).err
    first = connector("run", unverified)
    assert UNCHECKED in first.err
    assert "  hint: use ca_file: instead of verify: false" in first.err
    report = connector("run", unverified, "--json").json
    assert (report["status"], [warning["code"] for warning in report["warnings"]]) == ("done", ["X0111"])
    assert UNCHECKED in connector("history", "show", report["run"]).err
    (connector.home / "password.txt").write_text("wrong")
    connector("run", unverified, code=4)
    failed = connector("history", "list", "--json").json[0]
    assert (failed["status"], [warning["code"] for warning in failed["warnings"]]) == ("failed", ["X0111"])
