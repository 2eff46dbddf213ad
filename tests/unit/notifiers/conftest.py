"""Runs to tell of, and certificates of our own for servers on the loopback."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from pbx_connector.model import Counts, Report, RunStatus
from pbx_connector.notice import Notice, NoticeKind


@pytest.fixture
def report() -> Report:
    return Report(
        run="r17",
        profile="crm",
        status=RunStatus.FAILED,
        counts=Counts(rows=200, added=3, problems=1),
        started=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
        duration=4.2,
    )


@pytest.fixture
def notice() -> Notice:
    return Notice(
        kind=NoticeKind.FAILING,
        profile="crm",
        subject="Große Kontakte: the runs fail",
        happened="The run failed: the server does not answer",
        safe="The phone book is as it was.",
        command="pbx-connector simulate '/etc/crm one.yaml'",
    )


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA) -> Iterator[Path]:
    with authority.cert_pem.tempfile() as path:
        yield Path(path)
