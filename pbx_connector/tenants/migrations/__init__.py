"""The steps that bring a control database of any earlier version to `tables.py`; each is frozen once released."""
