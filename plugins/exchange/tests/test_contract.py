"""The Exchange source keeps what every source promises, over the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pbx_exchange.plugin import pbx_sources
from pbx_exchange.source import ExchangeSource

from pbx_connector.api import SourceType
from pbx_connector.testing import SourceContract

from .conftest import Office


class TestExchangeSource(SourceContract):
    @pytest.fixture
    def source(self, office: Office) -> Iterator[ExchangeSource]:
        with office.open() as source:
            yield source

    @pytest.fixture
    def source_type(self) -> SourceType:
        return pbx_sources()[0]
