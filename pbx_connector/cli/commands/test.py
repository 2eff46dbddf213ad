"""`pbx-connector test PROFILE`: runs the profile's `tests:`; needs no source, no store and no secret."""

from __future__ import annotations

import typer

from pbx_connector.application import views
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, ProfileArgument, Session
from pbx_connector.cli.values import written
from pbx_connector.errors import EXIT_USAGE
from pbx_connector.profile import Case, Difference, LoadedProfile, run_case, variables


def add_to(app: typer.Typer) -> None:
    @app.command("test")
    def test(context: typer.Context, profile: ProfileArgument, as_json: JsonOption = False) -> None:
        """Run the tests of a profile: what the rules make of each row, against what is expected."""
        loaded = Session.of(context).load_whole(profile)
        outcomes = [(case, run_case(case, loaded.rules)) for case in loaded.cases]
        if as_json:
            output.as_json([views.test_case(case, differences, loaded) for case, differences in outcomes])
        else:
            _show(outcomes, loaded)
        if any(differences for _, differences in outcomes):
            raise typer.Exit(EXIT_USAGE)


def _show(outcomes: list[tuple[Case, tuple[Difference, ...]]], loaded: LoadedProfile) -> None:
    for case, differences in outcomes:
        if differences:
            _show_failed(case, differences, loaded)
    failed = sum(bool(differences) for _, differences in outcomes)
    output.say(f"{len(outcomes) - failed} passed, {failed} failed", style="bold")
    if not outcomes:
        output.hint("tests: [{row: {GivenName: Ann}, expect: {028pho_firstname: Ann}}] in the profile is a test")


def _show_failed(case: Case, differences: tuple[Difference, ...], loaded: LoadedProfile) -> None:
    output.say(f"test {case.row.key} failed ({loaded.profile.file}:{case.line})", style="bold red")
    for difference in differences:
        output.say(f"  {output.shown(difference.what)}")
        output.say(f"    expected {written(difference.expected)}")
        output.say(f"    got      {written(difference.got)}")
    for name, value in variables(case, loaded.rules).items():
        output.say(f"  {name} = {written(value)}", style="dim")
