"""What a run would do, without a trace in the phone book: the same way as a run, up to the transaction."""

from __future__ import annotations

from dataclasses import replace

from pbx_connector.profile import Profile
from pbx_connector.run import Observer, Simulation, simulate_profile
from pbx_connector.run.naming import of_row as known_as

__all__ = ["Observer", "Simulation", "known_as", "simulate_profile", "with_names"]


def with_names(profile: Profile) -> Profile:
    """It also asks its source for the fields that people know a contact by, so that each row can be called by one."""
    return replace(profile, fields=profile.fields.union(*profile.source.fields.known_by))
