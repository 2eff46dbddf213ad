"""What people are told: which runs deserve a message, what it says, and that it arrives.

    Report -> policy (the profile's AlertState) -> Notice* -> Outbox -> the hook `pbx_run_finished` of each plugin

Both are kept in the store, so that they outlive a restart and are shared by all services of one store.
"""
