"""Keeps a phone system's phone book in step with its sources."""
