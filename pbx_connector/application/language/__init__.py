"""Help for people who write profiles in an editor. `server` speaks the Language Server Protocol; the rest is text in,
values out.

Half-typed text is the normal case here: nothing relies on the file being a sound profile, or YAML at all.
"""
