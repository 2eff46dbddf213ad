"""Checks the tree of the rules and the structure, and turns them into the typed tree that the back ends run.

`scope` knows the names; `expressions` checks expressions with `operators`, `calls` and `forms`; `statements` checks the
rules block, `structure` and `template` the structure, `tables` the tables. `compiler` calls them in turn.
"""
