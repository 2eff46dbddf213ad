"""What a person can do with the product, each thing written down once, whatever the user interface.

Command line, service and plugins that are user interfaces read what was asked, call a function here, and show what it
gives back. Nothing here prints, asks or ends a process; a failure is an exception of `pbx_connector.errors` or a value.

runs, simulations, connections      a profile and its source
profiles, accounts, entries, templates   what is kept, and by whom
history                              what was changed: the last run, the undo, the plans
status, schedules                    how it stands, with a service or without one
views                                every JSON shape
"""
