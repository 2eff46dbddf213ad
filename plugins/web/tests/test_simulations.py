"""Simulations on the pages: begun, followed, looked at, their plans saved and run."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from pbx_web.permissions import Role

from .conftest import PROFILE, ROWS, Running, Start
from .following import ended, ran, simulated
from .probes import CALCULATION, RESULT

PRIVATE = PROFILE.replace("file: customers.csv", "file: customers.csv\n  account: Owner\n  key: [Id]").replace(
    '028pho_bez:          "{{Name}}"', '028pho_bez:          "{{Name}}"\n      011acc_id:           "{{local_id}}"'
)
PRIVATE_ROWS = """\
Id,Name,Company,Phone,Class,Owner
1,Ann Lee,Lee GmbH,030 1234567,A,
2,Secret Friend,Hidden AG,+49 89 7654321,B,ann
3,Other Friend,Hidden AG,+49 89 7654322,B,ann
"""
HOSTILE = f"<script>alert(1)</script> {CALCULATION} \u202egnp.exe \x07"


def records(client: httpx.Client, job: str, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/api/v1/simulations/{job}", params=asked).json()["records"]
    return found


def test_a_simulation_shows_each_record_and_why_it_is_so(running: Running) -> None:
    with running.client(Role.EDITOR) as client:
        begun = client.post("/profiles/customers/simulate")
        assert begun.status_code == 303
        job = begun.headers["location"].removeprefix("/jobs/")
        assert ended(client, job)["result"] == f"/simulations/{job}"
        assert client.get(f"/jobs/{job}").headers["location"] == f"/simulations/{job}"
        page = client.get(f"/simulations/{job}")
        assert page.status_code == 200
        assert "Ann Lee" in page.text
        assert "no number" in page.text
        found = client.get(f"/api/v1/simulations/{job}").json()
        assert found["lines"] == {
            "added": 2, "updated": 0, "removed": 0, "unchanged": 0, "problem": 0, "skipped": 1, "all": 3,
        }  # fmt: skip
        assert sorted(one["name"] for one in found["records"]) == ["Ann Lee", "Bob Ray", "Cem Öz"]
        number = next(one["no"] for one in found["records"] if one["name"] == "Ann Lee")
        why = client.get(f"/api/v1/simulations/{job}/records/{number}").json()
        assert why["row"]["Phone"] == "030 1234567"
        assert [step["value"] for step in why["steps"]] == [False, "+49301234567", "yes"]
        page = client.get(f"/simulations/{job}/records/{number}")
        assert "+49301234567" in page.text
    assert running.store.count_entries() == 0


def test_records_are_filtered_searched_and_paged(running: Running) -> None:
    lines = [f"{number},Persön {number},Firm,0301{number:06},B" for number in range(250)]
    (running.profiles / "customers.csv").write_text("\n".join([ROWS.splitlines()[0], *lines, ""]), encoding="utf-8")
    with running.client(Role.EDITOR) as client:
        job = simulated(client)
        seen, after = [], "0"
        while after:
            page = client.get(f"/api/v1/simulations/{job}", params={"after": after}).json()
            seen += [one["name"] for one in page["records"]]
            after = page["next"]
        assert sorted(seen) == sorted(f"Persön {number}" for number in range(250))
        assert [one["name"] for one in records(client, job, q="PERSON 249")] == ["Persön 249"]
        assert [one["name"] for one in records(client, job, q="301000017")] == ["Persön 17"]
        assert records(client, job, q="' OR 1=1 --") == []
        assert records(client, job, show="removed") == []
        assert len(records(client, job, show="added")) == 100
        assert len(records(client, job, show="x'; DROP TABLE item")) == 100
        assert "Persön 249" in client.post(f"/simulations/{job}", data={"q": "person 249"}).text


def test_what_changes_stands_there_as_old_and_new(running: Running) -> None:
    keyed = PROFILE.replace("file: customers.csv", "file: customers.csv\n  key: [Id]")
    (running.profiles / "customers.yaml").write_text(keyed, encoding="utf-8")
    with running.client(Role.RELEASER) as client:
        assert ran(client)["state"] == "done"
        (running.profiles / "customers.csv").write_text(ROWS.replace("Lee GmbH", "Lee AG"), encoding="utf-8")
        job = simulated(client)
        [changed] = records(client, job, show="updated")
        assert changed["change"]["changes"] == [{"field": "organisation", "old": "Lee GmbH", "new": "Lee AG"}]
        text = re.sub(r"<[^>]+>|\s+", " ", client.get(f"/simulations/{job}", params={"show": "updated"}).text)
        assert re.search(r"Organisation\s+was\s+Lee GmbH\s+→\s+now\s+Lee AG", text)
        assert [one["name"] for one in records(client, job, show="unchanged")] == ["Bob Ray"]


@pytest.mark.parametrize("sees", [False, True])
def test_private_contacts_are_for_roles_that_are_named_and_for_nobody_else(start: Start, *, sees: bool) -> None:
    running = start(personal=["editor"] if sees else [])
    (running.profiles / "customers.yaml").write_text(PRIVATE, encoding="utf-8")
    (running.profiles / "customers.csv").write_text(PRIVATE_ROWS, encoding="utf-8")
    with running.client(Role.EDITOR) as client:
        job = simulated(client)
        page, shown = client.get(f"/simulations/{job}").text, records(client, job)
        assert "Ann Lee" in page
        assert ("Secret Friend" in page) is sees
        assert ("Secret Friend" in str(shown)) is sees
        assert ("2 private contacts of account ann" in page) is not sees
        hidden = [one for one in shown if "hidden" in one]
        assert len(hidden) == (0 if sees else 2)
        assert len(records(client, job, q="secret")) == (1 if sees else 0)
        assert "Secret" not in client.post(f"/simulations/{job}", data={"q": "hidden ag"}).text or sees
        for one in hidden:
            assert client.get(f"/simulations/{job}/records/{one['no']}").status_code == 404
            assert client.get(f"/api/v1/simulations/{job}/records/{one['no']}").status_code == 404


def test_a_draft_is_simulated_as_its_profile_and_cannot_be_run(running: Running) -> None:
    with running.client(Role.RELEASER) as client:
        assert ran(client)["state"] == "done"
        draft = PROFILE.replace('"{{Name}}"', '"{{Name}} (customer)"').replace("\n", "\r\n")
        job = simulated(client, text=draft)
        found = client.get(f"/api/v1/simulations/{job}").json()
        assert (found["draft"], found["profile"]) == (True, "customers")
        assert {one["name"] for one in found["records"] if one["change"]} == {
            "Ann Lee (customer)",
            "Bob Ray (customer)",
        }
        for action in ("save", "run"):
            assert client.post(f"/simulations/{job}/{action}").status_code == 403
        assert "save the profile first" in client.get(f"/simulations/{job}").text
        assert client.get(f"/api/v1/simulations/{simulated(client, text=PROFILE)}").json()["draft"] is False


def test_a_draft_with_mistakes_says_where_they_are(running: Running) -> None:
    with running.client(Role.EDITOR) as client:
        answer = client.post("/api/v1/profiles/customers/simulate", data={"text": PROFILE.replace("[Class]", "[Clas")})
        assert answer.status_code == 422
        assert answer.json()["diagnostics"][0]["line"] == 11
        page = client.post("/profiles/customers/simulate", data={"text": "title: x"})
        assert page.status_code == 422
        assert "Line 1" in page.text


def test_what_was_shown_is_saved_and_run_once_and_only_if_it_still_holds(running: Running) -> None:
    with running.client(Role.EDITOR) as editor:
        job = simulated(editor)
        assert editor.post(f"/simulations/{job}/save").status_code == 403
        assert "disabled" in editor.get(f"/simulations/{job}").text
    with running.client(Role.RELEASER) as client:
        job = simulated(client)
        plan = client.post(f"/api/v1/simulations/{job}/save").json()["plan"]
        assert client.post(f"/api/v1/simulations/{job}/save").json()["plan"] == plan
        assert [one["plan"] for one in client.get("/api/v1/runs").json()["saved"]] == [plan]
        changed = client.get(f"/api/v1/plans/{plan}").json()["changes"]
        assert sorted(one["fields"]["display_name"] for one in changed) == ["Ann Lee", "Bob Ray"]
        later = simulated(client)
        (running.profiles / "customers.csv").write_text(ROWS.replace("Lee GmbH", "Lee AG"), encoding="utf-8")
        stale = ran(client, f"/simulations/{later}/run")
        assert stale["state"] == "done"
        assert re.fullmatch(r"/plans/\d+\?instead_of=\d+", stale["result"])
        assert "does not hold any more" in client.get(stale["result"]).text
        assert running.store.count_entries() == 0
        (running.profiles / "customers.csv").write_text(ROWS, encoding="utf-8")
        applied = ran(client, f"/plans/{plan}/apply")
        assert applied["result"].startswith("/runs/")
        assert running.store.count_entries() == 2
        again = client.post(f"/api/v1/plans/{plan}/apply")
        assert (again.status_code, again.json()["error"]["message"].startswith("The plan was applied")) == (409, True)
    noted = [(one.action, one.run) for one in running.store.audit()]
    assert ("plan saved", None) in noted
    assert ("run", applied["result"].removeprefix("/runs/")) in noted
    assert any(action == "simulated" for action, _ in noted)


def test_what_contacts_say_is_text_everywhere(running: Running) -> None:
    quoted = HOSTILE.replace('"', '""')
    (running.profiles / "customers.csv").write_text(
        f'Id,Name,Company,Phone,Class\n1,"{quoted}","{quoted * 500}",030 1234567,"{quoted}"\n2,"{quoted}",,,\n',
        encoding="utf-8",
    )
    with running.client(Role.RELEASER) as client:
        job = simulated(client)
        pages = [f"/simulations/{job}", *(f"/simulations/{job}/records/{one['no']}" for one in records(client, job))]
        plan = client.post(f"/api/v1/simulations/{job}/save").json()["plan"]
        done = ran(client, f"/plans/{plan}/apply")
        pages += [f"/plans/{plan}", done["result"], f"{done['result']}/undo", "/profiles/customers/problems"]
        for path in pages:
            page = client.get(path)
            assert page.status_code == 200, path
            assert "<script>alert" not in page.text
            assert "\u202e" not in page.text
            assert "\x07" not in page.text
            assert RESULT not in page.text, path


@pytest.mark.parametrize("id", ["..%2f..%2fetc%2fpasswd", "%2e%2e", "a%00b", "nobody", "x" * 300, "customers.csv"])
def test_ids_lead_nowhere_else(running: Running, id: str) -> None:
    with running.client(Role.ADMIN) as client:
        for path in (f"/jobs/{id}", f"/simulations/{id}", f"/runs/{id}", f"/plans/{id}", f"/profiles/{id}/problems"):
            assert client.get(path).status_code == 404, path
        assert client.post(f"/profiles/{id}/simulate").status_code in (404, 405, 422)
        assert client.post(f"/profiles/{id}/run").status_code in (400, 404, 405, 409)
        assert client.post(f"/profiles/{id}/resume").status_code in (400, 404, 405)
