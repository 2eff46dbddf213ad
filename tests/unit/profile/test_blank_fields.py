"""Rules that read what their source never has are valid and warned of, each at its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pbx_connector.plugins import Plugins
from pbx_connector.profile import check_text
from pbx_connector.source import Field, FieldSet
from pbx_connector.testing import MemorySource

PROFILE = """\
title: Try
source: memory
settings: {}
rules: |
  Label = [Name] else "?"
  Mileage = [Miles] else "none"
structure: {phonebook: [{028pho_bez: "{{Label}}", 028pho_notes: "{{Mileage}}", 028pho_email: "{{ Mail }}"}]}
"""


@pytest.fixture
def plugins() -> Plugins:
    plugins = Plugins(())
    fields = FieldSet(
        (Field("Name"), Field("Miles", blank=True), Field("Mail", blank=True), Field("Other", blank=True))
    )
    plugins.sources["memory"] = replace(MemorySource().type(), fields=fields)
    return plugins


def test_a_field_that_is_always_blank_is_warned_of_where_it_is_read(plugins: Plugins) -> None:
    checked = check_text(PROFILE, Path("try.yaml"), plugins)
    assert checked.profile is not None
    found = [(one.code, one.severity, one.span.line, one.span.column) for one in checked.diagnostics]
    assert found == [("P0111", "warning", 6, 13), ("P0111", "warning", 7, 95)]
    assert checked.diagnostics[0].message == "Miles is always blank with source memory"


def test_a_profile_that_reads_none_has_no_warning(plugins: Plugins) -> None:
    text = PROFILE.replace("[Miles]", "[Name]").replace("{{ Mail }}", "{{Name}}")
    assert check_text(text, Path("try.yaml"), plugins).diagnostics == ()
