"""A profile, loaded and checked: what one run needs to know. `pbx_connector.run` is its consumer."""

from pbx_connector.profile.model import Limits, Profile, RemovalLimit

__all__ = ["Limits", "Profile", "RemovalLimit"]
