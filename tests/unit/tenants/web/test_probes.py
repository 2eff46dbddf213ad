"""Who keeps processes running asks by addresses, not by host names, and is told nothing but that it is answered."""

from __future__ import annotations

import httpx
import pytest
from pbx_directory.formats import known_formats
from pbx_directory.server import HttpSide
from pbx_directory.settings import DirectorySettings
from pbx_directory.systems import ManySystems
from tenant_pages import Pages

from pbx_connector.listening import PROBES

HOSTS = ("10.1.2.3:8080", "acme.pbx.test", "evil.example", "")


@pytest.mark.parametrize("path", PROBES)
def test_pages_and_directory_say_that_they_answer(pages: Pages, path: str) -> None:
    formats = known_formats(pages.fleet.plugins.exporters)
    systems = ManySystems(pages.systems, "directory")
    side = HttpSide(systems, formats, DirectorySettings(), "127.0.0.1:0")
    side.start()
    try:
        for url in (pages.server.address, side.urls["http"]):
            for host in HOSTS:
                answer = httpx.get(f"{url}{path}", headers={"host": host}, timeout=60)
                assert (answer.status_code, answer.text, "set-cookie" in answer.headers) == (200, "ok\n", False), host
            assert httpx.head(f"{url}{path}", timeout=60).status_code == 200
            assert httpx.get(f"{url}{path}/more", headers={"host": "evil.example"}, timeout=60).status_code != 200
            assert httpx.post(f"{url}{path}", timeout=60).status_code != 200
    finally:
        side.stop()
