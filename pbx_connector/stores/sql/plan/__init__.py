"""A run in the database: staged, compared, and applied as one transaction.

`workspace.py` is the face; `staging.py` has the temporary tables, `diff.py` compares them with what is held,
`plan_queries.py` asks about the outcome, and `plan_transaction.py` decides it with `apply.py`.
"""
