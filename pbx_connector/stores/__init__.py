"""The phone book: stores that hold it, behind one contract."""

from pbx_connector.stores.address import shown
from pbx_connector.stores.contract import (
    ALL,
    AccountImport,
    AccountScope,
    Entry,
    KeptPlan,
    Label,
    Left,
    Match,
    Origin,
    ProfileState,
    RunKind,
    RunRecord,
    Store,
    Undone,
)
from pbx_connector.stores.opening import open_store

__all__ = [
    "ALL",
    "AccountImport",
    "AccountScope",
    "Entry",
    "KeptPlan",
    "Label",
    "Left",
    "Match",
    "Origin",
    "ProfileState",
    "RunKind",
    "RunRecord",
    "Store",
    "Undone",
    "open_store",
    "shown",
]
