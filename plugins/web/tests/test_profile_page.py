"""A profile on its page: each tab edits the text and nothing beside it, and nothing that was typed is lost."""

from __future__ import annotations

import html
import json
import re
import stat
import threading

import httpx
import pytest
from pbx_web.drafting.carried import with_line_ends_of
from pbx_web.jobs import MOST_OF_ONE_USER, JobKind
from pbx_web.permissions import Role

from .conftest import PROFILE, ROWS, Running, Start
from .filled import Filled, send
from .following import simulated
from .opened_profile import OPENED, opened, text_of
from .test_simulations import PRIVATE, PRIVATE_ROWS


@pytest.fixture
def client(running: Running) -> httpx.Client:
    return running.client(Role.EDITOR)


@pytest.mark.parametrize("tab", ["basic", "filter", "variables", "structure", "automate", "source"])
def test_a_tab_that_is_sent_as_it_was_opened_changes_nothing(client: httpx.Client, tab: str) -> None:
    page = send(client, opened(client, tab))
    assert page.status_code == 200
    assert text_of(page) == PROFILE


@pytest.mark.parametrize(
    ("tab", "changes", "old", "new"),
    [
        ("basic", {"set__title": 'Kunden "Süd"'}, 'title: "Customers"', 'title: "Kunden \\"Süd\\""'),
        ("basic", {"set__mode": "upsert"}, "mode: mirror", "mode: upsert"),
        ("basic", {"set__region": "AT"}, "region: DE", "region: AT"),
        ("basic", {"set__settings__file": "other.csv"}, "file: customers.csv", "file: other.csv"),
        ("filter", {"rule__0__because": "none"}, 'because "no number"', 'because "none"'),
        ("filter", {"rule__0__text": "[Mobile] is blank"}, "[Phone] is blank", "[Mobile] is blank"),
        ("filter", {"rule__0__kind": "keep"}, "skip when", "keep when"),
        ("variables", {"rule__1__text": "phone([Mobile])"}, "phone([Phone])", "phone([Mobile])"),
        ("variables", {"rule__2__text": 'if([Class] is "B", "yes", blank)'}, 'is "A"', 'is "B"'),
        ("structure", {"field__0__028pho_organisation": "{{Company}} GmbH"}, "{{Company}}", "{{Company}} GmbH"),
        ("structure", {"label__0__0__name": "Wichtig"}, "050lab_bez: VIP", "050lab_bez: Wichtig"),
    ],
)  # fmt: skip
def test_an_edit_changes_its_place_and_no_other_byte(
    client: httpx.Client, tab: str, changes: dict[str, str], old: str, new: str
) -> None:
    page = send(client, opened(client, tab), **changes)
    assert page.status_code == 200, page.text
    assert text_of(page) == PROFILE.replace(old, new, 1)


def test_a_variable_that_is_renamed_is_renamed_wherever_it_is_used(client: httpx.Client) -> None:
    page = send(client, opened(client, "variables"), rule__1__name="Telephone")
    assert "Telephone = phone([Phone])" in text_of(page)
    assert '"{{Telephone}}"' in text_of(page)


def test_variables_and_filters_come_move_and_go(client: httpx.Client) -> None:
    page = send(client, opened(client, "variables"), new__name="Firm", new__text="trim([Company])")
    assert "Firm" in text_of(page)
    page = send(client, page, new__field="", new__name="Id2", new__text="[Id]")
    page = send(client, page, do="up-rule:4")
    assert text_of(page).index("Id2") < text_of(page).index("Firm")
    page = send(client, page, do="remove-rule:3")
    assert "Id2" not in text_of(page)
    page = send(client, page, do="tab:filter")
    page = send(client, page, new__kind="keep", new__text="[Name] is not blank", new__because="no name")
    assert 'keep when [Name] is not blank because "no name"' in text_of(page)
    page = send(client, page, do="up-rule:4")
    assert text_of(page).index("keep when") < text_of(page).index("skip when")


def test_a_variable_can_be_made_from_a_field(client: httpx.Client) -> None:
    page = send(client, opened(client, "variables"), new__field="displayname", new__name="Shown")
    assert "= [displayname]" in text_of(page)


def test_labels_come_and_go(client: httpx.Client) -> None:
    page = opened(client, "structure")
    page = send(client, page, **{"new-label__0__name": "Class", "new-label__0__value": "{{Class}}"})
    assert '{050lab_bez: Class, 028050pholab_value: "{{Class}}"}' in text_of(page)
    page = send(client, page, do="remove-label:0:0")
    assert "VIP" not in text_of(page)


def test_what_was_typed_for_something_new_is_kept_whatever_button_is_pressed(client: httpx.Client) -> None:
    page = send(client, opened(client, "variables"), do="tab:structure", new__name="Firm", new__text="[Company]")
    assert "Firm" in text_of(page)
    assert Filled(page.text).value("tab") == "structure"


@pytest.mark.parametrize(
    ("tab", "changes", "at", "said"),
    [
        ("variables", {"new__name": "1x", "new__text": "[A]"}, "new/name", "cannot be the name"),
        ("variables", {"new__name": "Firm"}, "new/text", "Write a rule"),
        ("variables", {"new__text": "[Company]"}, "new/name", "Give it a name"),
        ("variables", {"rule__1__name": "a b"}, "rule/1/name", "cannot be the name"),
        ("variables", {"rule__1__text": "a\0b"}, "rule/1/text", "U+0000"),
        ("filter", {"new__because": "x"}, "new/text", "Write a condition"),
        ("automate", {"schedule__kind": "daily", "schedule__at": "25:00"}, "schedule/kind", "Write the time of day"),
        ("automate", {"schedule__kind": "every", "schedule__every": "soon"}, "schedule/kind", "30s, 15m"),
        ("automate", {"schedule__kind": "cron", "schedule__cron": "* *"}, "schedule/kind", "five fields"),
        ("automate", {"schedule__kind": "hourly", "schedule__minute": "99"}, "schedule/kind", "makes no sense"),
    ],
)  # fmt: skip
def test_what_cannot_be_stands_at_its_input_and_is_not_lost(
    client: httpx.Client, tab: str, changes: dict[str, str], at: str, said: str
) -> None:
    page = send(client, opened(client, tab), do="tab:basic", **changes)
    assert page.status_code == 422
    assert Filled(page.text).value("tab") == tab
    error = page.text[page.text.index(f'id="i-{at.replace("/", "-")}-error"') :]
    assert said in error[: error.index("</div>")]
    for name, value in changes.items():
        if "\0" not in value:
            assert Filled(page.text).value(name.replace("__", "/")) == value


def test_a_mistake_in_a_rule_stands_at_that_rule_and_can_be_fixed(client: httpx.Client) -> None:
    page = send(client, opened(client, "variables"), rule__1__text="phon([Phone])")
    assert page.status_code == 200
    error = page.text[page.text.index('id="i-rule-1-text-error"') :]
    assert "phon" in error[: error.index("</div>")]
    assert 'aria-describedby="i-rule-1-text-error"' in page.text
    page = send(client, page, rule__1__text="phone([Phone])")
    assert text_of(page) == PROFILE
    assert "-error" not in page.text


def test_a_wrong_setting_stands_at_its_input(client: httpx.Client) -> None:
    page = send(client, opened(client, "basic"), set__settings__timeout="soon")
    assert 'id="i-set-settings-timeout-error"' in page.text


# --- the source text -------------------------------------------------------------------------------------------------


def test_both_views_edit_the_same_text(client: httpx.Client) -> None:
    page = send(client, opened(client, "source"), do="tab:variables", source=PROFILE + "# the end\n")
    assert text_of(page) == PROFILE + "# the end\n"
    page = send(client, page, do="tab:source", rule__1__text="phone([Mobile])")
    assert (
        Filled(page.text).value("source").replace("\r\n", "\n")
        == PROFILE.replace("phone([Phone])", "phone([Mobile])") + "# the end\n"
    )


@pytest.mark.parametrize(
    "text", ["\n\ntitle: x\n", "title: x", "", "\ufefftitle: x\n", "a: 1\r\nb: 2\nc: 3\r\n", "a\rb\n"]
)
def test_bytes_that_a_browser_would_change_stay(client: httpx.Client, running: Running, text: str) -> None:
    file = running.profiles / "odd.yaml"
    file.write_bytes(text.encode())
    page = client.get("/profiles/odd?tab=source")
    for do in ("apply", "tab:basic", "apply", "tab:source", "save-broken"):
        page = send(client, page, do=do)
    assert file.read_bytes() == text.encode()


def test_new_lines_end_as_the_others_do() -> None:
    assert with_line_ends_of("a\r\nb\r\n", "a\r\nnew\r\nb\r\n") == "a\r\nnew\r\nb\r\n"
    assert with_line_ends_of("a\nb\n", "a\r\nnew\r\nb\r\nend") == "a\nnew\nb\nend"
    assert with_line_ends_of("", "a\r\nb") == "a\nb"


def test_findings_lead_to_their_lines_without_scripts(client: httpx.Client) -> None:
    page = send(client, opened(client, "source"), source=PROFILE.replace("phone(", "phon("))
    assert 'href="#L10"' in page.text
    assert 'id="L10"' in page.text


def test_rules_are_formatted_on_request(client: httpx.Client) -> None:
    page = send(client, opened(client, "source"), source=PROFILE.replace("Number = phone", "Number    =    phone"))
    page = send(client, page, do="format")
    assert text_of(page) == PROFILE


# --- automate --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "line", "words"),
    [
        ({"schedule__kind": "daily", "schedule__at": "12:00"}, 'schedule: "0 12 * * *"', "every day at 12:00"),
        ({"schedule__kind": "daily", "schedule__at": "7:05", "schedule__days": "1-5"}, '"5 7 * * 1-5"', "Monday to"),
        ({"schedule__kind": "hourly", "schedule__minute": "30"}, '"30 * * * *"', "every hour, at minute 30"),
        ({"schedule__kind": "every", "schedule__every": "15m"}, '{every: "15m"}', "every 15m"),
        ({"schedule__kind": "cron", "schedule__cron": "0 3 1 * *"}, '"0 3 1 * *"', "as cron says: 0 3 1 * *"),
        ({"schedule__kind": "daily", "schedule__timezone": "Europe/Rome"}, 'timezone: "Europe/Rome"', "(Europe/Rome)"),
    ],
)  # fmt: skip
def test_a_schedule_is_chosen_in_words(client: httpx.Client, changes: dict[str, str], line: str, words: str) -> None:
    page = send(client, opened(client, "automate"), **{"schedule__timezone": ""} | changes)
    assert page.status_code == 200
    assert line in text_of(page)
    assert words in page.text
    assert page.text.partition("Next runs:")[2].partition("</ol>")[0].count("<li>") == 3
    again = send(client, page)
    assert text_of(again) == text_of(page)
    off = send(client, page, schedule__kind="none")
    assert text_of(off) == PROFILE


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_a_secret_goes_to_a_file_and_the_profile_gets_a_reference(client: httpx.Client, running: Running) -> None:
    page = send(client, opened(client, "basic"), secret__settings__password="s3cret word")
    assert "s3cret" not in page.text
    assert "s3cret" not in text_of(page)
    assert "customers-password.secret" in text_of(page)
    kept = running.profiles / "customers-password.secret"
    assert kept.read_text() == "s3cret word"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    page = send(client, page, do="remove-secret:settings/password")
    assert text_of(page) == PROFILE
    assert "s3cret" not in client.get(f"/api/v1{OPENED}").text


# --- findings in German ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", ["basic", "source"])
def test_a_finding_has_its_kind_in_german_before_its_english_words(running: Running, tab: str) -> None:
    (running.profiles / "customers.yaml").write_text(PROFILE.replace("source: csv", "source: csw"))
    with running.client(Role.EDITOR) as client:
        english = client.get(f"/profiles/customers?tab={tab}").text
        german = client.get(f"/profiles/customers?tab={tab}", headers={"accept-language": "de"}).text
    assert '<strong>eine Quelle, die nicht installiert ist</strong>: <span lang="en">unknown source' in german
    assert "a source that is not installed" not in english
    assert 'lang="en">unknown' not in english


def test_a_problem_has_its_kind_in_german_as_well(running: Running) -> None:
    (running.profiles / "customers.csv").write_text(ROWS.replace("Ann Lee", ""), encoding="utf-8")
    with running.client(Role.EDITOR) as client:
        job = simulated(client)
        german = client.get(f"/simulations/{job}", headers={"accept-language": "de"}).text
        english = client.get(f"/simulations/{job}").text
    assert '<strong>ein nötiger Wert, der leer ist</strong>: <span lang="en">' in german
    assert "a required value that is blank" not in english


# --- completion ----------------------------------------------------------------------------------------------------


def places(page: httpx.Response) -> list[tuple[str, str, str]]:
    """Which statement each field of a rule has: its kind, and the lines between which it stands."""
    found = re.findall(r'data-rule="(\w+)"(?: data-first="(\d+)" data-last="(\d+)")?', page.text)
    return [(kind, first, last) for kind, first, last in found]


def test_a_field_of_a_rule_says_where_it_stands(client: httpx.Client, running: Running) -> None:
    assert places(opened(client, "variables")) == [("rule", "10", "10"), ("rule", "11", "11"), ("rule", "12", "11")]
    assert places(opened(client, "filter")) == [("condition", "9", "9"), ("condition", "12", "11")]
    assert places(opened(client, "basic")) == []
    page = send(client, opened(client, "variables"), rule__1__text="phone(\n[Phone])")
    assert places(page) == [("rule", "10", "11"), ("rule", "12", "12"), ("rule", "13", "12")]
    bare = re.sub(r"rules: \|\n(  .*\n)+", "", PROFILE)
    (running.profiles / "customers.yaml").write_text(bare)
    assert places(opened(client, "variables")) == [("rule", "", "")]


# --- the sample row --------------------------------------------------------------------------------------------------


def test_results_for_a_sample_row_stand_beside_the_rules(client: httpx.Client) -> None:
    row = json.dumps({"Name": "Ann Lee", "Phone": "030 1234567", "Class": "A"})
    page = send(client, opened(client, "variables"), sample=row)
    assert "<code>+49301234567</code>" in page.text or "+49 30 1234567" in page.text
    assert "<code>yes</code>" in page.text
    page = send(client, page, do="tab:structure")
    assert "Ann Lee" in page.text
    page = send(client, page, do="tab:variables")
    assert Filled(page.text).value("sample") == row
    page = send(client, page, sample='{"Name": "x"}')
    assert "This row is left out:" in page.text


@pytest.mark.parametrize("row", ["{", "[1]", "nonsense", "[" * 100_000])
def test_a_row_that_is_none_is_said_to_be(client: httpx.Client, row: str) -> None:
    page = send(client, opened(client, "variables"), sample=row)
    assert page.status_code == 200
    assert 'id="sample-error"' in page.text


def test_contacts_of_the_source_can_be_chosen(client: httpx.Client) -> None:
    page = send(client, opened(client, "variables"), do="rows")
    rows = [button for button in Filled(page.text).buttons if button.startswith("row:")]
    assert len(rows) == 3
    page = send(client, page, do=rows[0])
    assert json.loads(Filled(page.text).value("sample"))["Name"] == "Ann Lee"
    assert "<code>yes</code>" in page.text


def test_contacts_of_the_last_simulation_can_be_chosen(client: httpx.Client, running: Running) -> None:
    page = send(client, opened(client, "variables"), do="simulated")
    assert "There is no simulation of this profile" in page.text
    job = simulated(client)
    (running.profiles / "customers.csv").unlink()
    page = send(client, opened(client, "variables"), do="simulated")
    rows = [button for button in Filled(page.text).buttons if button.startswith("row:")]
    assert len(rows) == 3
    page = send(client, page, do=next(row for row in rows if "Ann Lee" in row))
    assert json.loads(Filled(page.text).value("sample"))["Class"] == "A"
    assert "<code>+49301234567</code>" in page.text
    shown = client.get(f"/api/v1/simulations/{job}").json()["records"]
    number = next(one["no"] for one in shown if one["name"] == "Bob Ray")
    link = f"/profiles/customers?tab=variables&amp;job={job}&amp;record={number}#sample-row"
    assert f'href="{link}"' in client.get(f"/simulations/{job}/records/{number}").text
    page = client.get(html.unescape(link))
    assert json.loads(Filled(page.text).value("sample"))["Name"] == "Bob Ray"
    for record in ("999", "", "x", "²"):
        page = client.get("/profiles/customers", params={"tab": "variables", "job": job, "record": record})
        assert Filled(page.text).value("sample") == ""


@pytest.mark.parametrize("sees", [False, True])
def test_a_personal_contact_is_no_sample_for_who_may_not_see_it(start: Start, *, sees: bool) -> None:
    running = start(personal=["editor"] if sees else [])
    (running.profiles / "customers.yaml").write_text(PRIVATE, encoding="utf-8")
    (running.profiles / "customers.csv").write_text(PRIVATE_ROWS, encoding="utf-8")
    with running.client(Role.ADMIN) as admin, running.client(Role.EDITOR) as client:
        of_admin, job = simulated(admin), simulated(client)
        page = send(client, opened(client, "variables"), do="simulated")
        assert ("Secret Friend" in page.text) is sees
        assert "Ann Lee" in page.text
        for number in range(1, 4):
            page = client.get("/profiles/customers", params={"tab": "variables", "job": job, "record": number})
            assert sees or "Hidden AG" not in page.text
            page = client.get("/profiles/customers", params={"tab": "variables", "job": of_admin, "record": number})
            assert Filled(page.text).value("sample") == ""


def test_the_connection_is_tried_with_what_is_typed(client: httpx.Client, running: Running) -> None:
    page = send(client, opened(client, "basic"), do="test", set__settings__file="none.csv")
    assert "The connection does not work yet." in page.text
    page = send(client, opened(client, "basic"), do="test")
    assert "The connection works." in page.text
    assert (running.profiles / "customers.yaml").read_text() == PROFILE


# --- for programs ----------------------------------------------------------------------------------------------------


def test_programs_read_edit_and_save_a_draft(client: httpx.Client, running: Running) -> None:
    path = f"/api/v1{OPENED}"
    read = client.get(path).json()
    assert (read["profile"], read["text"], read["changed"]) == ("customers", PROFILE, False)
    changed = PROFILE.replace("phone(", "phon(")
    checked = client.post(path, json={"text": changed, "base": read["base"]}).json()
    assert checked["diagnostics"][0]["path"] == ["rules", 1]
    refused = client.post(path, json={"text": changed, "base": read["base"], "do": "save"})
    assert refused.status_code == 422
    fixed = PROFILE.replace("region: DE", "region: AT")
    saved = client.post(path, json={"text": fixed, "base": read["base"], "do": "save"})
    assert saved.json()["saved"] is True
    assert (running.profiles / "customers.yaml").read_text() == fixed
    late = client.post(path, json={"text": PROFILE, "base": read["base"], "do": "save"})
    assert late.status_code == 409
    assert late.json()["meanwhile"]["theirs"] == fixed


def test_readers_see_no_profile(running: Running) -> None:
    with running.client(Role.READER) as client:
        assert client.get(OPENED).status_code == 403
        assert client.post(OPENED, data={}).status_code == 403


def test_save_and_simulate_begins_the_simulation_once_it_is_saved(client: httpx.Client, running: Running) -> None:
    done = send(client, opened(client, "basic"), do="save-simulate", set__title="Kunden")
    assert done.headers["location"].startswith("/jobs/")
    assert 'title: "Kunden"' in (running.profiles / "customers.yaml").read_text()
    refused = send(client, opened(client, "variables"), do="save-simulate", rule__1__text="phon([Phone])")
    assert refused.status_code == 422


def test_what_is_saved_says_so_though_no_simulation_can_begin(client: httpx.Client, running: Running) -> None:
    jobs, end = running.server.site.jobs, threading.Event()
    try:
        for number in range(MOST_OF_ONE_USER):
            jobs.start(JobKind.SIMULATE, f"other{number}", "Other", str(Role.EDITOR), lambda _: end.wait(60))
        shown = send(client, opened(client, "basic"), do="save-simulate", set__title="Kunden")
    finally:
        end.set()
    assert shown.status_code == 200
    assert "As many runs and simulations go on as may at the same time." in shown.text
    assert "Saved. Simulate it" in shown.text
    assert 'title: "Kunden"' in (running.profiles / "customers.yaml").read_text()


def test_a_profile_can_be_run_from_the_page_that_goes_by_the_name_of_its_file(running: Running) -> None:
    with running.client(Role.RELEASER) as client:
        form = re.search(r'action="(/profiles/[^"]+/run)"', client.get("/profiles/customers.yaml/simulate").text)
        assert form is not None
        assert client.post(form[1]).headers["location"].startswith("/jobs/")


def test_a_draft_is_simulated_without_being_saved(client: httpx.Client, running: Running) -> None:
    done = send(client, opened(client, "basic"), do="simulate", set__title="Kunden")
    assert done.headers["location"].startswith("/jobs/")
    assert client.get(done.headers["location"]).status_code in (200, 303)
    assert (running.profiles / "customers.yaml").read_text() == PROFILE
    refused = send(client, opened(client, "variables"), do="simulate", rule__1__text="phon([Phone])")
    assert refused.status_code == 422


def test_what_was_typed_as_the_session_ended_is_sent_once_more_after_a_log_in(
    client: httpx.Client, running: Running
) -> None:
    page = opened(client, "basic")
    typed = {"set/title": "Kunden", "secret/settings/password": "s3cret word"}
    running.store.end_session(running.store.sessions()[0].digest)
    sent = Filled(page.text).sent("apply", typed)
    ended = client.post(OPENED, data=sent, headers={"origin": running.url})
    assert ended.status_code == 401
    carried = [(name, value) for name, value in Filled(ended.text).fields if name.startswith("kept")]
    again = running.client(Role.EDITOR)
    shown = again.post("/login/resume", data=_many(carried), headers={"origin": running.url})
    assert "<pre>s3cret" not in shown.text
    assert "<pre>Kunden" in shown.text
    fields = [(name, value) for name, value in Filled(shown.text).fields if name not in ("to", "csrf_token")]
    done = again.post(OPENED, data=_many(fields))
    assert done.status_code == 200
    assert 'title: "Kunden"' in text_of(done)
    assert (running.profiles / "customers-password.secret").read_text() == "s3cret word"


def _many(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: [value for other, value in pairs if other == name] for name, _ in pairs}
