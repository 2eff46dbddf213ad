"""What `st` does beside its own work for `test_schemathesis.py`: its requests look like those of any client."""

from __future__ import annotations

import os
from typing import Any

import requests
import schemathesis

_OWN_HEADER = "X-Schemathesis-TestCaseId"
"""It goes out with every request; the sandbox refuses what no client of Graph sends."""


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    kwargs["auth"] = _without_own_header


def _without_own_header(request: requests.PreparedRequest) -> requests.PreparedRequest:
    request.headers.pop(_OWN_HEADER, None)
    return request


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    with open(os.environ["JUDGED"], "a", encoding="utf-8") as judged:
        judged.write(f"{response.status_code} {case.method} {case.path}\n")
