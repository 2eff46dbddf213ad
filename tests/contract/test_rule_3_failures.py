"""Safety rule 3, on every store. Failures keep what is there, and are reported until they are resolved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pbx_connector.application import views
from pbx_connector.errors import SourceUnavailable
from pbx_connector.model import Book, Mapped, Problem, Report, Row, RunStatus
from pbx_connector.stores import Store
from pbx_connector.testing import MemorySource

from .conftest import fill, map_row

Run = Callable[..., Report]
Names = Callable[[], dict[str, int]]


@pytest.mark.parametrize("delta", [False, True])
def test_rule_3_a_failed_book_keeps_its_entries_and_the_others_go_on(
    run: Run, source: MemorySource, names: Names, delta: bool
) -> None:
    broken = fill(source.add("broken", delta=delta), "Ann", "Bob")
    sound = fill(source.add("sound", delta=delta), "Cid")
    run()
    broken.put("ann", display_name="Anna")
    broken.drop("bob")
    broken.fail_after = 1
    sound.put("dee", display_name="Dee")
    report = run()
    assert report.status is RunStatus.PARTIAL
    assert sorted(names()) == ["Ann", "Bob", "Cid", "Dee"]
    broken.fail_after = None
    assert run().status is RunStatus.DONE
    assert sorted(names()) == ["Anna", "Cid", "Dee"]


@pytest.mark.parametrize("delta", [False, True])
def test_rule_3_a_row_that_cannot_be_read_keeps_its_entry_and_is_reported_until_it_can(
    run: Run, source: MemorySource, names: Names, delta: bool
) -> None:
    book = fill(source.add("public", delta=delta), "Ann", "Bob")
    before = run()
    book.spoil("bob")
    for _ in range(2):
        report = run()
        assert (report.status, [problem.code for problem in report.problems]) == (RunStatus.DONE, ["T001"])
        assert list(names()) == ["Ann", "Bob"]
    book.put("bob", display_name="Bobby")
    assert run().problems == before.problems == ()
    assert list(names()) == ["Ann", "Bobby"]


@pytest.mark.parametrize("delta", [False, True])
def test_rule_3_a_row_that_cannot_be_mapped_keeps_its_entry_and_is_reported_until_it_can(
    run: Run, source: MemorySource, names: Names, store: Store, delta: bool
) -> None:
    book = fill(source.add("public", delta=delta), "Ann", "Bob")
    run()
    book.put("bob", display_name=" ")
    for _ in range(2):
        assert [problem.code for problem in run().problems] == ["S204"]
        assert list(names()) == ["Ann", "Bob"]
    assert [problem.code for problem in store.problems("crm")] == ["S204"]
    book.drop("bob")
    assert run().problems == ()
    assert list(names()) == ["Ann"]


def test_rule_3_a_source_that_is_down_changes_nothing(
    run: Run, source: MemorySource, names: Names, store: Store
) -> None:
    fill(source.add("public"), "Ann")
    run()
    source.down = SourceUnavailable("no answer")
    with pytest.raises(SourceUnavailable):
        run()
    assert list(names()) == ["Ann"]
    assert [record.report.status for record in store.runs()] == [RunStatus.FAILED, RunStatus.DONE]


def test_rule_3_a_plugin_with_a_bug_fails_its_book_and_names_the_error(
    run: Run, source: MemorySource, names: Names
) -> None:
    fill(source.add("public"), "Ann")
    run()
    book = source.address_books["public"]
    for broken, code in (({"ann": "nonsense"}, "S102"), ("no mapping at all", "S106")):
        book.items = broken  # type: ignore[assignment]
        report = run()
        assert [(problem.code, report.status) for problem in report.problems] == [(code, RunStatus.PARTIAL)]
    assert list(names()) == ["Ann"]


@pytest.mark.parametrize("delta", [False, True])
def test_rule_3_a_row_with_a_problem_is_named_as_people_know_it(
    run: Run, source: MemorySource, store: Store, delta: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    book = fill(source.add("public", delta=delta), "Ann", "Bob")
    book.put("nameless", display_name=" ", organisation="Lee Ltd")
    book.put("new", display_name=" ", phone="+49 89 1")
    run()
    book.spoil("bob")
    for _ in range(2):
        assert {problem.contact for problem in run().problems} == {"Bob", "Lee Ltd", "+49 89 1"}
    assert {problem.contact for problem in store.problems("crm")} == {"Bob", "Lee Ltd", "+49 89 1"}
    assert not any(name in caplog.text for name in ("Bob", "Lee Ltd", "+49 89 1"))


def test_values_that_were_no_number_are_counted_in_public_and_listed_for_who_asked(
    run: Run, source: MemorySource, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def mapping(row: Row, book: Book) -> Mapped:
        where = f"{book.title}, row {row.key}, [Phone]"
        unread = Problem("R0809", "no telephone number", where, "", "warning", value=f"call {row.key}")
        return replace(map_row(row, book), problems=(unread,))

    fill(source.add("public", delta=True), "Ann", "Bob").put("cy", display_name=" ")
    for _ in range(2):
        report = run(map=mapping)
        assert report.status is RunStatus.DONE
        assert [problem.value for problem in report.problems] == ["", "call ann", "call bob", "call cy"]
        assert [problem.contact for problem in report.problems][1:3] == ["Ann", "Bob"]
        assert [(warning.code, warning.message) for warning in report.warnings] == [("S207", "3 values were no number")]
    assert views.problem(report.problems[1])["value"] == "call ann"
    assert "call" not in caplog.text
    assert "call" not in repr(report)


def test_rule_3_a_row_that_was_not_listed_is_named_by_its_entry(run: Run, source: MemorySource) -> None:
    book = fill(source.add("public"), "Ann", "Bob")
    run()
    book.withheld.add("bob")
    [problem] = run().problems
    assert (problem.code, problem.contact) == ("S104", "Bob")


@pytest.mark.parametrize(("bad", "status"), [(99, RunStatus.DONE), (100, RunStatus.PARTIAL)])
def test_rule_3_rows_that_cannot_be_judged_by_the_hundred_make_a_run_partial(
    run: Run, source: MemorySource, bad: int, status: RunStatus
) -> None:
    book = fill(source.add("public", delta=True), "Ann")
    for number in range(bad // 2):
        book.spoil(f"unread{number}")
    for number in range(bad - bad // 2):
        book.put(f"nameless{number}", display_name=" ")
    assert run().status is status
    assert run().status is status, "they are not listed again, and no better for it"
