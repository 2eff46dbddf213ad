"""The commands; a new one is a new file and one row here."""

from __future__ import annotations

from pbx_connector.cli.commands import (
    accounts,
    automate,
    check,
    fields,
    functions,
    history,
    labels,
    map,
    new,
    phonebook,
    plan,
    profiles,
    run,
    schedule,
    schema,
    serve,
    simulate,
    sources,
    status,
    test,
    test_connection,
    undo,
)

COMMANDS = (
    check.add_to,
    test_connection.add_to,
    simulate.add_to,
    run.add_to,
    new.add_to,
    sources.add_to,
    fields.add_to,
    functions.add_to,
    map.add_to,
    test.add_to,
    schema.add_to,
    accounts.add_to,
    labels.add_to,
    phonebook.add_to,
    history.add_to,
    undo.add_to,
    plan.add_to,
    profiles.add_to,
    automate.add_to,
    schedule.add_to,
    serve.add_to,
    status.add_to,
)
"""Each adds its command to the application; in the order of the help page."""
