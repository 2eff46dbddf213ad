"""What running rules rest on: reading a row's values, text, comparison, and the bounds of one row's work.

Both back ends and the functions use these; nothing here knows trees or types.
"""
