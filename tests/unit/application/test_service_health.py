"""A service is asked where it listens; one that is silent, or something else that answers there, counts as none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from free_port import free_port

from pbx_connector.application import Installation
from pbx_connector.application.service_health import ask, without_service
from pbx_connector.config import Config
from pbx_connector.plugins import Plugins
from pbx_connector.service.web import Web, health_page


@contextmanager
def answering(content: dict[str, Any], *, ready: bool = True) -> Iterator[str]:
    web = Web("127.0.0.1:0", {"/health": health_page(lambda: (ready, content))})
    web.start()
    try:
        yield web.address
    finally:
        web.stop()


@pytest.mark.parametrize("ready", [True, False])
def test_a_service_says_how_it_is(ready: bool) -> None:
    content = {"ready": ready, "profiles": []}
    with answering(content, ready=ready) as listen:
        assert ask(listen) == content
        assert ask(listen.replace("127.0.0.1", "")) == content


def test_another_server_is_no_service() -> None:
    with answering({"status": "UP"}) as listen:
        assert ask(listen) is None


def test_nobody_answers() -> None:
    assert ask(f"127.0.0.1:{free_port()}") is None
    assert ask("off") is None


def test_without_a_service_store_and_folder_say_it(tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_text("title: [")
    installation = Installation(Config(profiles=tmp_path), Plugins(()))
    health = without_service(installation, f"sqlite:///{tmp_path}/none.sqlite")
    assert (health["ready"], [profile["id"] for profile in health["profiles"]]) == (False, ["odd"])
    assert not (tmp_path / "none.sqlite").exists()
