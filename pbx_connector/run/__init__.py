"""One execution of a profile: books in, rows mapped and staged, a plan, the guard, and one transaction.

    report = run_profile(profile, store, full=False, plan=None, release=None, parallel=10, progress=Silent())
    with simulate_profile(profile, store, full=False, save=False, parallel=10, progress=Silent()) as simulation:
        ...

Both raise `SourceError`, `StoreError` and, when they are stopped, `RunCancelled`; a run also `PlanRefused` and
`ProfileHeld`. A run that raises is recorded in the history all the same.
"""

from pbx_connector.run.pipeline import run_profile, simulate_profile
from pbx_connector.run.progress import Cancelled, Observer, Progress, Silent, never
from pbx_connector.run.simulation import Simulation

__all__ = ["Cancelled", "Observer", "Progress", "Silent", "Simulation", "never", "run_profile", "simulate_profile"]
