"""Long work as tests follow it."""

from __future__ import annotations

import time
from typing import Any

import httpx

ENDS = 240.0


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


def ran(client: httpx.Client, path: str = "/profiles/customers/run") -> dict[str, Any]:
    """A run at its end."""
    return ended(client, client.post(f"/api/v1{path}").raise_for_status().json()["job"])
