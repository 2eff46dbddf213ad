"""The connection test: which step fails, what it says, and that it says nothing wrong where all is well."""

from __future__ import annotations

from typing import Any

import pytest
from pbx_exchange.probe import test_connection as probe
from pbx_exchange.sandbox import Sandbox
from pbx_exchange.sandbox.faults import Fault

from pbx_connector.api import Account, Check, SourceContext
from pbx_connector.testing.office.entities import Right

from .conftest import Office


def walk(office: Office, **changes: Any) -> list[Check]:
    return list(probe(office.settings(**changes), SourceContext(office.accounts, frozenset())))


def last(office: Office, **changes: Any) -> tuple[str, str]:
    """The step at which the walk ends, and the code of its problem."""
    check = walk(office, **changes)[-1]
    assert check.problem is not None
    assert check.problem.hint
    return check.step, check.problem.code


def test_where_all_is_well_every_step_says_what_it_found(office: Office) -> None:
    checks = walk(office, shared={"owners": ["sales@example.com"]})
    assert [check.problem for check in checks if check.problem] == []
    found = {check.step: check.detail for check in checks}
    assert found == {
        "address of the server": office.sandbox.url,
        "host name": "127.0.0.1",
        "web services": "offers Basic",
        "log-in": f"as {office.sandbox.email}",
        "version": found["version"],
        "public folders": "folders with contacts: 6",
        "contacts of account anna": "folders with contacts: 2",
        "contacts of account ben": "folders with contacts: 1",
        "contacts of account chloe": "folders with contacts: 1",
        "shared folders": "folders with contacts: 2",
    }
    assert found["version"].startswith("15.2.")


def test_each_account_and_owner_has_a_check_of_its_own(office: Office) -> None:
    office.accounts.append(Account("door"))
    office.sandbox.state.set_impersonation(office.sandbox.email, "*", allowed=False)
    office.sandbox.state.set_impersonation(office.sandbox.email, "ben.o.hara@example.com")
    checks = walk(office, shared={"owners": ["sales@example.com", "anna.berg@example.com"]})
    failed = {check.step: check.problem.code for check in checks if check.failed and check.problem}
    assert failed == {
        "Contacts of anna": "X0301",
        "Contacts of chloe": "X0301",
        "Contacts of door": "X0601",
        "Contacts of anna.berg@example.com": "X0305",
    }
    assert "shared folders" in {check.step for check in checks}


def test_the_walk_ends_where_nothing_can_go_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    assert last(office, url="https://no-such-host.invalid/ews/exchange.asmx") == ("host name", "X0101")
    assert last(office, url="https://mail..example.com/ews/exchange.asmx") == ("host name", "X0602")
    assert last(office, url=f"https://{'a' * 70}.example.com/ews/exchange.asmx") == ("host name", "X0602")
    assert last(office, url="http://127.0.0.1:9/ews/exchange.asmx") == ("web services", "X0102")
    assert last(office, url=office.sandbox.url.replace("EWS", "nowhere")) == ("web services", "X0502")
    assert last(office, url=office.sandbox.url.replace("http:", "https:")) == ("TLS", "X0110")
    monkeypatch.setenv("EXCHANGE_PASSWORD", "wrong")
    assert last(office) == ("log-in", "X0201")
    monkeypatch.delenv("EXCHANGE_PASSWORD")
    check = walk(office)[-1]
    assert check.failed
    assert check.problem is not None
    assert "environment variable" in check.problem.message


def test_a_root_of_public_folders_that_is_closed_to_us_is_told(office: Office) -> None:
    office.sandbox.state.set_right(office.sandbox.state.public, office.sandbox.email, Right.NONE)
    checks = {check.step: check for check in walk(office, personal=False) if check.step.lower() == "public folders"}
    assert [(step, check.problem and check.problem.code) for step, check in checks.items()] == [
        ("Public folders", "X0305")
    ]


def test_a_locked_service_user_is_told_at_the_log_in(office: Office) -> None:
    fault = Fault(name="message-error", operation="GetFolder", code="ErrorAccountDisabled", times=None)
    office.sandbox.faults.add(fault)
    assert last(office) == ("log-in", "X0204")


def test_what_a_server_offers_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox.start(auth=["basic", "ntlm", "bearer"]) as sandbox:
        found = {check.step: check.detail for check in walk(Office(sandbox, monkeypatch))}
        assert found["web services"] == "offers Basic, NTLM, Bearer"


def test_tls_is_looked_at_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox.start(tls=True) as sandbox:
        office = Office(sandbox, monkeypatch)
        assert last(office) == ("TLS", "X0103")
        found = {check.step: check for check in walk(office, ca_file=str(sandbox.ca_file))}
        assert "TLSv1.3, certificate valid until" in found["TLS"].detail
        assert last(office, ca_file="/no/such/file.pem") == ("address of the server", "X0113")
        unverified = {check.step: check for check in walk(office, verify=False)}["TLS"]
        assert unverified.problem is not None
        assert (unverified.problem.code, unverified.failed) == ("X0111", False)
