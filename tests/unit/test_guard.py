"""The guard's reasons as people read them; what it refuses is in `tests/contract/test_rule_4_guard.py`."""

from __future__ import annotations

import pytest

from pbx_connector.plan import EmptiedBook, PlanSummary
from pbx_connector.profile import ChangeLimit, Limits, RemovalLimit
from pbx_connector.run.guard import objections

NOTHING = Limits(RemovalLimit(0.0, 0), ChangeLimit(0.0, 0))


@pytest.mark.parametrize(("many", "entries"), [(1, "1 entry"), (2, "2 entries")])
def test_one_entry_is_said_to_be_one(many: int, entries: str) -> None:
    emptied = (EmptiedBook("Staff", many), EmptiedBook("Old", many, unwanted=True))
    plan = PlanSummary(present=many, removed=many, changed=many, emptied=emptied)
    assert objections(plan, NOTHING) == (
        f"it would remove {entries} and blank 0 phone numbers: {many} of {many}, more than 0 and more than 0%",
        f"it would change names or phone numbers of {many} of {entries} at once, more than 0 and more than 0%",
        f"it would empty the address book Staff, which is still there and has {entries}",
        f"the settings no longer take the address book Old, which is still there and would lose {entries}",
    )
