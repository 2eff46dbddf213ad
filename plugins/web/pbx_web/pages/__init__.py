"""The pages, one module each; `ALL` is the table that the application serves."""

from __future__ import annotations

from collections.abc import Sequence

from pbx_web.login import pages as login
from pbx_web.page import Action, Page
from pbx_web.pages import accounts, audit, devices, entries, new, overview, phone_book, settings

ALL: Sequence[Page | Action] = (
    *overview.PAGES,
    *new.PAGES,
    *phone_book.PAGES,
    *entries.PAGES,
    *devices.PAGES,
    *accounts.PAGES,
    *settings.PAGES,
    *audit.PAGES,
    *login.PAGES,
)
