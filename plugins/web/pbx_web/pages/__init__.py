"""The pages, one module each; `ALL` is the table that the application serves."""

from __future__ import annotations

from collections.abc import Sequence

from pbx_web.login import pages as login
from pbx_web.page import Action, Page
from pbx_web.pages import new, overview, profile, profile_file

ALL: Sequence[Page | Action] = (*overview.PAGES, *new.PAGES, *profile.PAGES, *profile_file.PAGES, *login.PAGES)
