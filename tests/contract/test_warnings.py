"""What a source says about its settings stands in every report, on every store, and changes nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pbx_connector.errors import SourceUnavailable
from pbx_connector.model import Problem, Report, RunStatus
from pbx_connector.profile import Profile
from pbx_connector.run import run_profile, simulate_profile
from pbx_connector.secret import Secret
from pbx_connector.stores import Store, open_store
from pbx_connector.testing import MemorySource
from pbx_connector.testing.memory_source import MemorySettings

Run = Callable[..., Report]
UNSAFE = Problem("T001", "the settings are unsafe", "settings", "make them safe", "warning")


def warn(settings: MemorySettings) -> Iterator[Problem]:
    assert isinstance(settings, MemorySettings)
    yield UNSAFE


def test_a_warning_is_in_the_report_of_a_run_and_in_the_history(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    report = run(source=replace(source.type(), warnings=warn))
    assert report.warnings == (UNSAFE,)
    assert (report.status, report.problems, report.counts.problems) == (RunStatus.DONE, (), 0)
    assert store.run(report.run).report == report


def test_a_simulation_warns_as_the_run_would(profile: Profile, source: MemorySource, store: Store) -> None:
    warned = replace(profile, source=replace(source.type(), warnings=warn))
    with simulate_profile(warned, store) as simulation:
        assert simulation.report.warnings == (UNSAFE,)


def test_a_run_that_fails_has_warned_all_the_same(run: Run, source: MemorySource, store: Store) -> None:
    source.down = SourceUnavailable("the server does not answer")
    with pytest.raises(SourceUnavailable):
        run(source=replace(source.type(), warnings=warn))
    (failed,) = store.runs()
    assert (failed.report.status, failed.report.warnings) == (RunStatus.FAILED, (UNSAFE,))


def test_a_source_without_warnings_has_none(run: Run, source: MemorySource) -> None:
    source.add("public").put("ann", display_name="Ann")
    assert run().warnings == ()


def test_what_is_said_beside_the_list_of_books_stands_in_the_report(
    run: Run, profile: Profile, source: MemorySource, store: Store
) -> None:
    source.add("public").put("ann", display_name="Ann")
    source.warnings.append(replace(UNSAFE, severity="error"))
    with simulate_profile(profile, store) as simulation:
        assert simulation.report.warnings == (UNSAFE,)
    report = run()
    assert (report.status, report.warnings, report.counts.problems) == (RunStatus.DONE, (UNSAFE,), 0)
    assert store.run(report.run).report == report


def test_a_plugin_that_fails_over_its_warnings_takes_no_run_down(run: Run, source: MemorySource) -> None:
    def fail(settings: MemorySettings) -> Iterator[Problem]:
        yield UNSAFE
        raise ZeroDivisionError

    source.add("public").put("ann", display_name="Ann")
    report = run(source=replace(source.type(), warnings=fail))
    assert report.counts.added == 1
    assert [(warning.code, warning.severity) for warning in report.warnings] == [("S106", "warning")]
    assert "ZeroDivisionError" in report.warnings[0].message


class Login(MemorySettings):
    password: Secret


def test_a_secret_and_a_phone_book_that_all_may_read_are_warned_of(profile: Profile, source: MemorySource) -> None:
    with TemporaryDirectory() as folder:
        secret, book = Path(folder, "s"), Path(folder, "book.sqlite")
        secret.touch()
        exposed = replace(profile, settings=Login(password=Secret(file=secret)))
        with open_store(f"sqlite:///{book}") as store:
            for mode in (0o755, 0o700):
                Path(folder).chmod(mode)
                secret.chmod(0o644)
                book.chmod(0o644)
                warned = [(warning.code, warning.where) for warning in run_profile(exposed, store).warnings]
                assert warned == ([("S107", "settings.password"), ("S108", str(book))] if mode == 0o755 else [])
