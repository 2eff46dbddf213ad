"""A profile, loaded and checked: what one run needs to know. `pbx_connector.run` is its consumer."""

from pbx_connector.profile.loading import Checked, check_profile, check_text, load_profile
from pbx_connector.profile.model import Limits, Profile, RemovalLimit

__all__ = ["Checked", "Limits", "Profile", "RemovalLimit", "check_profile", "check_text", "load_profile"]
