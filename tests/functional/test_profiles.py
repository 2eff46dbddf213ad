"""The richer example runs against the sandbox, and its rules do what they say."""

from __future__ import annotations

from pathlib import Path

from pbx_exchange.sandbox import Sandbox
from product import Connector


def test_the_office_profile_cleans_numbers_names_and_private_contacts(
    connector: Connector, profile: Path, sandbox: Sandbox
) -> None:
    office = connector.home / "exchange-office.yaml"
    connector(
        *("new", "exchange-office", "--file", office, "--name", "Office", "--email", sandbox.email),
        *("--url", sandbox.url, "--password-file", connector.home / "password.txt"),
    )
    connector("check", office)
    report = connector("run", office, "--json").json
    assert report["status"] == "done"
    assert report["skipped"]["private contact"] >= 1
    entries = {entry["fields"]["display_name"]: entry for entry in connector.entries("--company")}
    assert "José Ñandú" not in entries  # his contact is private
    assert entries["Namenlos, Nora"]["fields"]["phone"] == "+494066969205"
    assert entries["Nur-Firma OHG"]["fields"]["organisation"] == "Nur-Firma OHG"
    assert any(entry["labels"].get("VIP") == "yes" for entry in entries.values())
    assert all(entry["fields"].get("phone", "+").startswith("+") for entry in entries.values())
