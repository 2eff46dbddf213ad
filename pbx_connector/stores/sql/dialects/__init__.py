"""The two databases: `database.py` says what they have in common, all else in this package is written for one."""
