"""The file of certificates that a notifier is told to believe, whatever stands there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pbx_connector.api import ConnectorError
from pbx_connector.notifiers.trust import trust_of


def test_certificates_of_a_file_are_believed(ca_file: Path) -> None:
    assert len(trust_of(ca_file, "mail").get_ca_certs()) == 1


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "ca.pem")
    with pytest.raises(ConnectorError, match="it is a named pipe, not a file") as failure:
        trust_of(pipe, "mail")
    assert failure.value.hint == "see ca_file of mail:"


@pytest.mark.parametrize(("content", "reason"), [(None, "no such file"), (b"nothing", "it holds no certificate")])
def test_a_file_without_certificates_is_told(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConnectorError, match=reason):
        trust_of(path, "webhook")
