"""The phone book in a database, written once for SQLite and PostgreSQL.

`store.py` is the face, `workspace.py`, `diff.py` and `apply.py` the three steps of a run, `schema.py` and
`staging.py` the tables, `database.py` what the databases do differently.
"""
