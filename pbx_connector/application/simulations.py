"""What a run would do, without a trace in the phone book: the same way as a run, up to the transaction."""

from __future__ import annotations

from pbx_connector.run import Observer, Simulation, simulate_profile

__all__ = ["Observer", "Simulation", "simulate_profile"]
