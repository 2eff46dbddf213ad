"""How all stands, in the shape of /health: as a running service says it, or as store and folder say without one."""

from __future__ import annotations

import json

import urllib3

from pbx_connector.application import views
from pbx_connector.application.installation import Installation
from pbx_connector.application.offline_status import OfflineStatus
from pbx_connector.settings import split_address

ANSWER_WITHIN = 10.0
"""Seconds."""


def ask(listen: str) -> views.Json | None:
    """What the service that listens there says; None if none answers, or if it listens nowhere (`off`)."""
    if listen == "off":
        return None
    try:
        answer = urllib3.request("GET", _address(listen), timeout=urllib3.Timeout(ANSWER_WITHIN), retries=False)
        content = json.loads(answer.data)
    except (urllib3.exceptions.HTTPError, ValueError):
        return None
    return content if isinstance(content, dict) and "profiles" in content else None


def without_service(installation: Installation, store_url: str) -> views.Json:
    offline = OfflineStatus(installation, store_url)
    return views.service_status(offline.status(), offline.now)


def _address(listen: str) -> str:
    host, port = split_address(listen)
    here = f"[{host}]" if ":" in host else host or "127.0.0.1"
    return f"http://{here}:{port}/health"
