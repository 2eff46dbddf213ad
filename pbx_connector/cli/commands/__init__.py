"""The commands; a new one is a new file and one row here.

A command is imported when it is called: what all of them import together takes a second.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import typer

COMMANDS = {
    "check": "Check a profile: everything wrong with it, each with its place.",
    "test-connection": (
        "Connect to the source step by step, and say what works, what does not, and what to do about it."
    ),
    "simulate": "Show what a run would add, change and remove; with --json, every record that it would make.",
    "run": "Run a profile: read its source, apply its rules, bring the phone book up to date.",
    "sources": "List the sources that profiles can name.",
    "fields": "List the fields of a source, as rules write them in brackets, or those of the phone book.",
    "rows": "Write the rows that the source has, one JSON object a line, for map and explain; changes nothing.",
    "functions": "List the functions that rules can call, or describe one of them.",
    "map": "Show what the rules make of rows in a file. With --json: one JSON object a line.",
    "explain": (
        "Trace rows of a file through the rules: what each rule read, and what it gave. "
        "With --json: one JSON object a line."
    ),
    "test": "Run the tests of a profile: what the rules make of each row, against what is expected.",
    "fmt": "Format the rules of a profile.",
    "schema": "Print the JSON Schema of a profile, with the settings of the installed sources.",
    "lsp": "Help an editor with profiles, over stdin and stdout (Language Server Protocol).",
    "undo": "Take back a run's changes; what something later touched is left and named.",
    "automate": "Let the service run a profile on schedule; comments and layout of the file stay.",
    "schedule": "List the profiles of the profiles folder and when the service runs each next.",
    "serve": "Run the profiles of the profiles folder on schedule, until SIGTERM or Ctrl-C.",
    "status": "Show the state of the service and its profiles; the exit code is 0 only if all is well.",
    "notify": "Messages to those who are to hear of failures.",
    "new": "Write a starting profile from a template; without one, list them.",
    "new-plugin": (
        "Write a source plugin that works, with its tests, into a new folder: the beginning of one of your own."
    ),
    "accounts": "The phone system's users.",
    "labels": "The labels that entries can carry.",
    "phonebook": "What is in the phone book; entries by hand.",
    "history": "What was changed, when and by what.",
    "plan": "Plans that were refused or saved.",
    "profiles": "The profiles that have run, and what they own.",
    "store": "Whether the phone book is whole, and its backups.",
    "worker": "Make the runs of many phone systems, beside any number of other workers, until SIGTERM or Ctrl-C.",
    "dispatcher": "Put what is due of many phone systems into the queues, until SIGTERM or Ctrl-C.",
    "fleet": "The workers of many phone systems, and what they are at.",
    "tenants": "Many phone systems: which there are, what is published for each, and their secrets.",
}
"""What each does, for the help page and in its order. The file of a command has its name, with `_` for `-`."""


@cache
def load(name: str) -> Any:
    """The command, whole: its module's `add_to` adds it to an application, which is taken apart again."""
    app = typer.Typer()
    import_module(f"{__name__}.{name.replace('-', '_')}").add_to(app)
    return typer.main.get_group(app).commands[name]
