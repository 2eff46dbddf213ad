"""What a person sees on a terminal of 80 columns."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pbx_exchange.sandbox import Sandbox
from product import Connector
from screens import WIDTH, on_a_terminal, widest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="terminals are POSIX ones")


def test_a_simulation_shows_changes_and_totals_in_80_columns(
    connector: Connector, profile: Path, sandbox: Sandbox
) -> None:
    first = on_a_terminal(connector, "simulate", profile)
    assert "57 to add, 0 to change, 0 to remove" in first
    assert widest(first) <= WIDTH
    assert any("Wiebke Zschokke" in line and "acc-anna" in line for line in first)
    connector("run", profile)
    sandbox.state.update(sandbox.state.find(DisplayName="Reception"), PhoneNumbers_BusinessPhone="+49 89 99998 105")
    second = on_a_terminal(connector, "simulate", profile)
    assert "0 to add, 1 to change, 0 to remove" in second
    assert "update  Reception" in second
    assert not any("Zschokke" in line for line in second)
    assert any("Zschokke" in line for line in on_a_terminal(connector, "simulate", profile, "--all"))


def test_the_progress_bar_leaves_nothing_behind_and_sticks_to_no_line(
    connector: Connector, profile: Path, sandbox: Sandbox
) -> None:
    profile.write_text(profile.read_text().replace("settings:", "settings:\n  verify: false", 1))
    for command in ("simulate", "run"):
        seen = on_a_terminal(connector, command, profile)
        assert not any("reading address books" in line for line in seen)
        assert any(line.startswith("done: 60 rows") for line in seen)
        assert any(line.startswith("error[R0802]: ") for line in seen)
    assert any(line.startswith("this is run 2;") for line in seen)
    assert widest(seen) <= WIDTH


def test_a_question_that_needs_steps_elsewhere_says_them_before_it_is_asked(connector: Connector) -> None:
    (connector.home / "secret").write_text("x")
    answered = ("--name", "Office", "--client-id", "an-app", "--client-secret-file", "secret")
    seen = on_a_terminal(connector, "new", "microsoft365-contacts", *answered, typed="contoso.onmicrosoft.com\n")
    text = " ".join(seen)
    assert text.index("App registrations, New registration") < text.index("Tenant id or domain, such as")
    assert "Grant admin consent" not in text, "nothing is asked about the secret"
    assert 'tenant: "contoso.onmicrosoft.com"' in (connector.home / "microsoft365-contacts.yaml").read_text()
