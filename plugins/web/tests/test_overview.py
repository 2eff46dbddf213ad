"""The overview: what needs a person comes first, and what can be settled by a button is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from html import unescape

import httpx
import pytest
from pbx_web.chart import Sample, chart
from pbx_web.permissions import Role

from pbx_connector.api import Content, application

from .conftest import PROFILE, ROWS, Running, run_profile


@pytest.fixture
def admin(running: Running) -> Iterator[httpx.Client]:
    with running.client(Role.ADMIN) as client:
        yield client


def kinds(client: httpx.Client) -> dict[str, str]:
    return {one["profile"] or "": one["kind"] for one in client.get("/api/v1").json()["attention"]}


def test_a_broken_profile_is_named_with_its_line(running: Running, admin: httpx.Client) -> None:
    assert kinds(admin) == {}
    assert "Nothing waits for you." in admin.get("/").text
    file = running.profiles / "broken.yaml"
    file.write_text(PROFILE.replace("source: csv", "source: csw"), encoding="utf-8")
    [concern] = admin.get("/api/v1").json()["attention"]
    assert (concern["kind"], concern["profile"]) == ("broken", "broken")
    assert concern["detail"].startswith("line 2: unknown source 'csw'")
    assert "line 2: unknown source 'csw'" in unescape(admin.get("/").text)
    file.unlink()
    assert kinds(admin) == {}


def test_profiles_have_their_state_and_their_last_run(running: Running, admin: httpx.Client) -> None:
    run_profile(running)
    page, said = admin.get("/").text, admin.get("/api/v1").json()
    [profile] = said["profiles"]
    assert profile["last_run"]["status"] == "done"
    assert sum(day["added"] for day in said["days"]) == 2
    assert [day["entries"] for day in said["days"]][-2:] in ([0, 2], [2, 2])  # midnight may have come since
    assert "Customers" in page
    assert "<polyline" in page
    assert page.count('<th scope="row">') == 1 + len(said["days"])


def test_the_last_run_and_its_problems_are_a_click_away(running: Running, admin: httpx.Client) -> None:
    (running.profiles / "customers.csv").write_text(
        ROWS + f"4,{'Long' * 30},Lee GmbH,030 1234568,A\n", encoding="utf-8"
    )
    report = run_profile(running)
    assert report.counts.problems == 1
    page = admin.get("/").text
    for path in (f"/runs/{report.run}", "/profiles/customers/problems"):
        assert f'href="{path}"' in page
        assert admin.get(path).status_code == 200
    assert '<a href="/profiles/customers">' in admin.get("/runs").text


@pytest.mark.parametrize(
    ("accepted", "schedule", "words"),
    [
        ("en", '"30 7 * * 1-5"', "Monday to Friday at 07:30"),
        ("de", '"30 7 * * 1-5"', "Montag bis Freitag um 07:30"),
        ("en", "{every: 2h}", "every 2h"),
    ],
)
def test_when_a_profile_runs_is_said_in_the_words_of_the_reader(
    running: Running, admin: httpx.Client, accepted: str, schedule: str, words: str
) -> None:
    text = PROFILE.replace("mode:", f"schedule: {schedule}\nmode:")
    (running.profiles / "customers.yaml").write_text(text, encoding="utf-8")
    assert words in admin.get("/", headers={"accept-language": accepted}).text


def test_the_line_of_entries_begins_at_zero(running: Running) -> None:
    days = [Sample(date(2026, 11, day), entries, entries, 0, 0) for day, entries in ((1, 0), (2, 50), (3, 100))]
    drawn = chart(days)
    heights = [float(point.partition(",")[2]) for point in drawn.line.split()]
    assert heights == [drawn.baseline, (drawn.baseline + drawn.top) / 2, drawn.top]
    assert chart([Sample(date(2026, 11, 1), 0, 0, 0, 0)]).line.endswith(f",{drawn.baseline}")


def test_what_an_undo_holds_goes_on_by_a_button(running: Running, admin: httpx.Client) -> None:
    run = run_profile(running)
    running.store.undo(run.run)
    assert kinds(admin) == {"customers": "held"}
    assert 'action="/overview/resume"' in admin.get("/").text
    with running.client(Role.EDITOR) as editor:
        page = editor.get("/").text
        assert 'action="/overview/resume"' not in page
        assert "pbx-connector profiles resume customers" in page
    assert admin.post("/overview/resume", data={"profile": "customers"}).headers["location"] == "/"
    assert kinds(admin) == {}
    assert "may run again" in admin.get("/").text
    assert "resumed" in [record.action for record in running.store.audit()]


@pytest.mark.parametrize(("path", "adopted"), [("/overview/adopt", True), ("/overview/keep", False)])
def test_a_renamed_file_is_adopted_or_a_profile_of_its_own(
    running: Running, admin: httpx.Client, path: str, adopted: bool
) -> None:
    run_profile(running)
    (running.profiles / "customers.yaml").rename(running.profiles / "clients.yaml")
    assert kinds(admin)["clients"] == "held"
    answer = admin.post(f"/api/v1{path}", json={"profile": "clients", "old": "customers"})
    assert answer.status_code == 200, answer.text
    assert kinds(admin).get("clients") is None
    owners = {entry.origin.profile for entry in running.store.entries() if entry.origin}
    assert owners == ({"clients"} if adopted else {"customers"})


def test_a_refused_plan_waits_for_release(running: Running, admin: httpx.Client) -> None:
    many = "\n".join(f"{number},Person {number},Lee GmbH,030 12345{number:02},A" for number in range(60))
    rows = running.profiles / "customers.csv"
    rows.write_text(f"Id,Name,Company,Phone,Class\n{many}\n", encoding="utf-8")
    run_profile(running)
    rows.write_text("\n".join(rows.read_text(encoding="utf-8").splitlines()[:9]) + "\n", encoding="utf-8")
    refused = run_profile(running)
    [concern] = admin.get("/api/v1").json()["attention"]
    assert (concern["kind"], concern["plan"]) == ("refused", refused.run)
    assert f'href="/plans/{refused.run}"' in admin.get("/").text
    rows.write_text(f"Id,Name,Company,Phone,Class\n{many}\n", encoding="utf-8")
    run_profile(running)
    assert kinds(admin) == {}


def test_entries_whose_profile_is_gone_and_a_missing_folder_are_told(running: Running, admin: httpx.Client) -> None:
    run_profile(running)
    (running.profiles / "customers.yaml").unlink()
    [concern] = admin.get("/api/v1").json()["attention"]
    assert (concern["kind"], concern["number"]) == ("orphan", 2)
    assert concern["command"] == "pbx-connector profiles remove customers"
    running.profiles.rename(running.folder / "elsewhere")
    assert {one["kind"] for one in admin.get("/api/v1").json()["attention"]} == {"orphan", "folder"}


def test_hundreds_of_profiles_come_in_pages(running: Running, admin: httpx.Client) -> None:
    for number in range(130):
        text = PROFILE.replace('"Customers"', f'"Customers {number:03}"')
        (running.profiles / f"p{number:03}.yaml").write_text(text, encoding="utf-8")
    page = admin.get("/").text
    assert "131" in page
    assert page.count('data-label="State"') == 100
    assert 'href="/?after=p098"' in page
    assert admin.get("/?after=p098").text.count('data-label="State"') == 31


def test_a_run_that_came_and_one_that_did_not_are_counted_once(running: Running) -> None:
    tally, zone = application.tally.RunTally(), running.server.site.installation.zone
    for number in range(3):
        running.store.add_entry(Content(None, {"display_name": f"Ann {number}"}))
        today = tally.days(running.store, running.server.site.now(), zone)[-1]
        assert (today.runs, today.added) == (number + 2, number + 1)  # the account came first


def test_readers_search_and_have_no_overview(running: Running) -> None:
    run_profile(running)
    with running.client(Role.READER) as reader:
        assert reader.get("/").headers["location"] == "/phone-book"
        assert reader.get("/api/v1").status_code == 403
        page = reader.get("/phone-book").text
        assert "Ann Lee" in page
        assert "Overview" not in page
