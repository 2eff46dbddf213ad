"""In what servers of other makers differ from Exchange, each as one was met; a test switches on what it is about.

Neighbour: server_state.py holds them; the sandbox Exchange follows them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Habits:
    unknown_mailbox: str = "ErrorNonExistentMailbox"
    """The code that an address gets which no mailbox goes by."""
    lists_without_rights: bool = False
    """FindFolder says of every folder of somebody else's that it may not be read; GetFolder tells the truth."""
    gets_without_rights: bool = False
    """GetFolder says so, too: only FindItem tells the truth."""
    plain_items: bool = False
    """A distribution list comes as an `Item`, and only its class says what it is."""
