"""The commands; a new one is a new file and one row here."""

from __future__ import annotations

from pbx_connector.cli.commands import accounts, check, fields, new, phonebook, run, simulate, sources, test_connection

COMMANDS = (
    check.add_to,
    test_connection.add_to,
    simulate.add_to,
    run.add_to,
    new.add_to,
    sources.add_to,
    fields.add_to,
    accounts.add_to,
    phonebook.add_to,
)
"""Each adds its command to the application; in the order of the help page."""
