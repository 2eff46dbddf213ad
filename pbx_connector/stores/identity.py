"""Which phone book it is: for ids that other programs keep of its entries."""

from __future__ import annotations

import uuid

from pbx_connector.stores.contract import Store

KEY = "store id"
"""In the shared state."""


def store_id(store: Store) -> str:
    """The same for as long as the phone book exists, wherever it lies.

    One that may only be read, and has never been asked before, goes by where it is.
    """
    known = store.shared_state(KEY)
    if known or store.read_only:
        return known or store.place
    store.compare_and_set(KEY, "", str(uuid.uuid4()))
    return store.shared_state(KEY)
