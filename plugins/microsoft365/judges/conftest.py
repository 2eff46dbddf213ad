"""A sandbox Graph in a process of its own, as the real clients of `make judges` meet it: over TLS, with tokens.

The clients need many packages, so they have an environment of their own, which has nothing of ours in it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msal
import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
OURS = ROOT / ".venv" / "bin" / "python"
SCHEMA = ROOT.parent / "shared" / "graph-schema" / "graph-contacts.openapi.yaml"
MAILBOX = "anna.berg@example.com"


@pytest.fixture(scope="session")
def sandbox() -> Iterator[dict[str, Any]]:
    """What the sandbox says of itself, and `token`."""
    with subprocess.Popen([OURS, "-m", "pbx_microsoft365.sandbox", "--json"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            # The clients that are built on requests have no setting for it, and MSAL prefers it to its own.
            os.environ["REQUESTS_CA_BUNDLE"] = told["ca_file"]
            yield told | {"token": sign_in(told)["access_token"]}
        finally:
            process.terminate()


def sign_in(sandbox: dict[str, Any], **changes: str) -> dict[str, Any]:
    told = sandbox | changes
    application = msal.ConfidentialClientApplication(
        told["client_id"],
        client_credential=told["client_secret"],
        authority=f"{told['authority']}/{told['tenant']}",
        instance_discovery=False,
        verify=told["ca_file"],
    )
    found: dict[str, Any] = application.acquire_token_for_client(["https://graph.microsoft.com/.default"])
    return found
