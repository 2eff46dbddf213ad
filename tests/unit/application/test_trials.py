"""Rules are tried on rows of a file, one at a time; lines that are no rows are told once the others were tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbx_connector.application import views
from pbx_connector.application.trials import Trial
from pbx_connector.errors import UsageError
from pbx_connector.plugins import Plugins
from pbx_connector.profile.loading import check_text
from pbx_connector.testing import MemorySource

PROFILE = """\
title: Try
source: memory
settings: {}
rules: |
  skip when [Name] is "Cy" because "left us"
  Shout = upper([Name])
structure: {phonebook: [{028pho_bez: "{{Shout}}"}]}
"""


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    plugins = Plugins(())
    plugins.sources["memory"] = MemorySource().type()
    loaded = check_text(PROFILE, tmp_path / "try.yaml", plugins).loaded
    assert loaded is not None
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"Name": "Ann"}\nno row\n{"Name": "Cy"}\n')
    return Trial(loaded, rows)


def test_each_row_is_mapped_and_what_is_no_row_is_told_at_the_end(trial: Trial) -> None:
    ann, broken, cy = map(views.mapped_row, trial.mapped())
    assert [record["fields"] for record in ann["records"]] == [{"028pho_bez": "ANN"}]
    assert [problem["code"] for problem in broken["problems"]] != []
    assert (cy["records"], cy["skipped"]) == ([], "left us")
    with pytest.raises(UsageError, match=r"1 row of .*rows.jsonl cannot be used"):
        trial.require_usable()


def test_explained_rows_have_their_steps(trial: Trial) -> None:
    ann, broken, cy = trial.explained()
    assert [step.value for step in ann.steps] == [False, "ANN"]
    assert (broken.steps, [step.value for step in cy.steps]) == ((), [True])


def test_rows_are_read_as_they_are_asked_for(trial: Trial) -> None:
    next(trial.mapped())
    trial.require_usable()
