"""A source whose libraries are missing or broken says so, and what to install; profiles are checked without them."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from types import ModuleType

import pytest

from pbx_connector.errors import ConnectorError

SOURCES = ("carddav", "csv", "exchange", "ldap", "microsoft365")


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("module", ["source", "probe"])
def test_a_library_that_cannot_be_imported_is_told(name: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = entry_points(group="pbx_connector", name=name)
    plugin: ModuleType = found.load()
    (source,) = plugin.pbx_sources()
    monkeypatch.setitem(sys.modules, f"{plugin.__package__}.{module}", None)  # what Python has for one that fails
    with pytest.raises(ConnectorError, match=f"a library of the plugin '{name}' cannot be imported") as failure:
        (source.open if module == "source" else source.test_connection)(None, None)
    assert failure.value.hint == f"install pbx-connector-{name} again"
