"""The steps that bring a store of any earlier version to `tables.py`. Each is frozen once it was released."""
