"""The plugin as the core finds it: one source, its fields, and templates that fit them."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest
from pbx_ldap import plugin
from pbx_ldap.fields import ALIASES, KNOWN, NEVER_READ, UNSTAMPED
from pbx_ldap.settings import LdapSettings

from pbx_connector.api import SourceType, Template

(SOURCE,) = plugin.pbx_sources()


def test_it_is_found_through_its_entry_point() -> None:
    (found,) = entry_points(group="pbx_connector", name="ldap")
    assert found.load() is plugin
    assert isinstance(SOURCE, SourceType)


@pytest.mark.parametrize("template", SOURCE.templates, ids=lambda template: template.name)
def test_a_template_asks_for_all_that_it_fills_in(template: Template) -> None:
    asked = {question.name for question in template.questions}
    assert {name for name in asked if f"${{{name}}}" in template.text} == asked
    assert template.text.count("${") == len(asked)


def loaded_by(module: str) -> str:
    """Which of the modules that speak to a server an import of `module` loads."""
    code = f"import sys, {module}; print(sorted({{'ssl', 'dns', 'pbx_ldap.source'}} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_profile_is_checked_without_what_speaks_to_a_server() -> None:
    assert loaded_by("pbx_ldap.plugin") == loaded_by("pbx_connector.api")


def test_an_unchecked_certificate_is_warned_of() -> None:
    assert SOURCE.warnings is not None
    settings = LdapSettings.model_validate({"servers": "a.example.com", "verify": False})
    assert [warning.code for warning in SOURCE.warnings(settings)] == ["L0110"]
    assert list(SOURCE.warnings(LdapSettings.model_validate({"servers": "a.example.com"}))) == []


def test_lists_of_attributes_are_in_small_letters() -> None:
    assert all(name == name.lower() for name in (*NEVER_READ, *UNSTAMPED, *ALIASES, *ALIASES.values()))
    assert not NEVER_READ & {attribute.lower() for known in KNOWN.values() for attribute in known.attributes}
