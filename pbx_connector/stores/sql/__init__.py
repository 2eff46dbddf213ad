"""The phone book in a database, written once for SQLite and PostgreSQL.

`store.py` is the face, `plan` the steps of a run, `history` what was done and what is going on, `schema` the tables,
`dialects` what the databases do differently.
"""
