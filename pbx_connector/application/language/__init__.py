"""Help for people who write profiles in an editor. `server` speaks the Language Server Protocol, `session` over any
transport; the rest is text in, values out.

Half-typed text is the normal case here: nothing relies on the file being a sound profile, or YAML at all.
"""

from pbx_connector.application.language.session import Session, SessionEnded

__all__ = ["Session", "SessionEnded"]
