"""The pages, one module each; `ALL` is the table that the application serves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from pbx_web.login import pages as login
from pbx_web.login import visiting
from pbx_web.page import Action, Page
from pbx_web.pages import (
    accounts,
    audit,
    devices,
    entries,
    jobs,
    new,
    overview,
    phone_book,
    plans,
    problems,
    profile,
    profile_file,
    queued,
    runs,
    settings,
    simulate,
    simulations,
    users,
)

_MODULES = (
    overview,
    new,
    profile,
    profile_file,
    queued,
    simulate,
    simulations,
    plans,
    runs,
    problems,
    jobs,
    phone_book,
    entries,
    devices,
    accounts,
    settings,
    users,
    audit,
    login,
    visiting,
)
ALL: Sequence[Page | Action] = tuple(chain.from_iterable(module.PAGES for module in _MODULES))
