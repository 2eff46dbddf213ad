"""Simulations on the pages: begun, followed, looked at, their plans saved and run."""

from __future__ import annotations

import time
from typing import Any

import httpx
from pbx_web.permissions import Role

from .conftest import Running

ENDS = 20.0


def ended(client: httpx.Client, job: str) -> dict[str, Any]:
    """A job's end, or the test's."""
    until = time.monotonic() + ENDS
    while time.monotonic() < until:
        said: dict[str, Any] = client.get(f"/api/v1/jobs/{job}").raise_for_status().json()
        if said["state"] != "running":
            return said
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def simulated(client: httpx.Client, profile: str = "customers", **form: str) -> str:
    """The id of a simulation that has ended well."""
    job: str = client.post(f"/api/v1/profiles/{profile}/simulate", data=form).raise_for_status().json()["job"]
    assert ended(client, job)["state"] == "done"
    return job


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
