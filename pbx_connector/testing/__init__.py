"""Fakes that keep the contracts, and the contracts as test suites: for this project and for plugins."""

from pbx_connector.testing.examples import check_examples
from pbx_connector.testing.memory_source import MemoryBook, MemorySource
from pbx_connector.testing.moving_contract import MovingSourceContract, SourceStage
from pbx_connector.testing.source_contract import SourceContract

__all__ = ["MemoryBook", "MemorySource", "MovingSourceContract", "SourceContract", "SourceStage", "check_examples"]
