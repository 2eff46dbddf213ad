"""The pages, one module each; `ALL` is the table that the application serves."""

from __future__ import annotations

from collections.abc import Sequence

from pbx_web.page import Action, Page
from pbx_web.pages import overview

ALL: Sequence[Page | Action] = (*overview.PAGES,)
