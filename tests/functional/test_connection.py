"""`test-connection` as an administrator meets it."""

from __future__ import annotations

from pathlib import Path

from pbx_exchange.sandbox import Sandbox
from product import Connector


def test_each_step_is_told_and_all_is_well(connector: Connector, profile: Path, sandbox: Sandbox) -> None:
    shown = connector("test-connection", profile).out.splitlines()
    assert f"ok      address of the server: {sandbox.url}" in shown
    assert "ok      contacts of account anna: folders with contacts: 2" in shown
    assert all(line.startswith("ok ") for line in shown)


def test_what_fails_is_told_with_what_to_do(connector: Connector, profile: Path, sandbox: Sandbox) -> None:
    sandbox.world.set_impersonation(sandbox.email, "*", allowed=False)
    checks = connector("test-connection", "--json", profile, code=4).json
    failed = {check["step"]: check["code"] for check in checks if not check["ok"]}
    assert failed == {"Contacts of anna": "X0301", "Contacts of ben": "X0301", "Contacts of chloe": "X0301"}
    (connector.home / "password.txt").write_text("wrong")
    shown = connector("test-connection", profile, code=4).out.splitlines()
    assert shown[-2].startswith("failed  log-in: the server does not accept user name and password")
    assert shown[-1].strip().startswith("what to do: check email:")
