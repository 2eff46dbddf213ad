"""A profile, loaded and checked: what one run needs to know. `pbx_connector.run` is its consumer."""

from pbx_connector.profile.cases import Case, Difference, run_case, variables
from pbx_connector.profile.formatting import format_profile
from pbx_connector.profile.header import ProfileId
from pbx_connector.profile.loading import Checked, LoadedProfile, check_profile, check_text, load_profile, load_whole
from pbx_connector.profile.model import ChangeLimit, Limits, Profile, RemovalLimit
from pbx_connector.profile.text import read_profile

__all__ = [
    "Case",
    "ChangeLimit",
    "Checked",
    "Difference",
    "Limits",
    "LoadedProfile",
    "Profile",
    "ProfileId",
    "RemovalLimit",
    "check_profile",
    "check_text",
    "format_profile",
    "load_profile",
    "load_whole",
    "read_profile",
    "run_case",
    "variables",
]
