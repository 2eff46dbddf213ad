"""A profile changes its source: only `source:` and `settings:` differ, and nothing is written that would not run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pbx_connector.application import migration
from pbx_connector.errors import ProfileError, UsageError
from pbx_connector.plugins import Plugins
from pbx_connector.source import FieldSet, Migration, Question
from pbx_connector.testing import MemorySource

PROFILE = """\
# The office's contacts.
title: Try
id: office  # never changes
source: memory  # over the old protocol
settings:
  {}
  # a comment of the old settings

# The rules.
mode: upsert
rules: |
  Shout = upper([Name])
structure: {phonebook: [{028pho_bez: "{{Shout}}"}]}
"""
NAME = Question("tenant", "Tenant id")


@pytest.fixture
def plugins() -> Plugins:
    plugins = Plugins(())
    old = plugins.sources["memory"] = MemorySource().type()
    plugins.sources["other"] = replace(old, name="other", migrations={"memory": lambda _: Migration("{}")})
    return plugins


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "office.yaml"
    path.write_text(PROFILE)
    return path


def test_all_lines_but_source_and_settings_stay(plugins: Plugins, file: Path) -> None:
    plan = migration.prepare(plugins, file, "other")
    lines = plan.rewritten({}).text.splitlines()
    before = file.read_text().splitlines()
    assert [line for line in before if line not in lines] == [
        "source: memory  # over the old protocol",
        "  # a comment of the old settings",
    ]
    assert [line for line in lines if line not in before] == ["source: other  # over the old protocol"]
    assert lines[0] == "# The office's contacts."
    assert lines[-6:] == before[-6:]


def test_it_is_written_with_what_it_was_beside_it(plugins: Plugins, file: Path) -> None:
    before = file.read_text()
    plan = migration.prepare(plugins, file, "other")
    checked = plan.write({})
    assert checked.profile is not None
    assert (checked.profile.id, checked.profile.source.name) == ("office", "other")
    assert file.read_text() == checked.text
    assert plan.kept.read_text() == before
    assert plan.kept.suffix not in (".yaml", ".yml")


def test_nothing_is_written_over_a_profile_that_was_kept(plugins: Plugins, file: Path) -> None:
    plan = migration.prepare(plugins, file, "other")
    plan.kept.write_text("kept")
    before = file.read_text()
    with pytest.raises(UsageError, match="exists already"):
        plan.write({})
    assert (file.read_text(), plan.kept.read_text()) == (before, "kept")


def test_nothing_is_written_that_would_not_run(plugins: Plugins, file: Path) -> None:
    plugins.sources["other"] = replace(plugins.sources["other"], fields=FieldSet(()))
    plan = migration.prepare(plugins, file, "other")
    before = file.read_text()
    with pytest.raises(ProfileError) as refused:
        plan.write({})
    assert any("[Name]" in found.message or "Name" in found.message for found in refused.value.diagnostics)
    assert file.read_text() == before
    assert not plan.kept.exists()


@pytest.mark.parametrize("target", ["memory", "nothing"])
def test_where_no_way_leads_the_ways_are_named(plugins: Plugins, file: Path, target: str) -> None:
    with pytest.raises(UsageError) as refused:
        migration.prepare(plugins, file, target)
    assert refused.value.hint == "it can become one of other"


def test_questions_have_placeholders_that_show_their_shape() -> None:
    questions = (NAME, Question("client_secret", "Secret", secret=True), Question("cloud", "Cloud", default="global"))
    assert dict(migration.placeholders(questions)) == {
        "tenant": '"<Tenant id>"',
        "client_secret": "{env: CLIENT_SECRET}",
        "cloud": '"global"',
    }


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_the_byte_order_mark_stay(plugins: Plugins, file: Path, mark: str) -> None:
    text = mark + PROFILE.replace("\n", "\r\n").removesuffix("\r\n")
    file.write_bytes(text.encode())
    migration.prepare(plugins, file, "other").write({})
    written = file.read_bytes().decode()
    assert written.startswith(f"{mark}# The office")
    assert written.count("\n") == written.count("\r\n")
    assert written.endswith(text[-40:])
    assert file.with_name("office.yaml.before").read_bytes().decode() == text
