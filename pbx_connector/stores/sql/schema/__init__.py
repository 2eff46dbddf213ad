"""The tables, and the way there from those of any earlier version."""
