"""The pages, one module each; `ALL` is the table that the application serves."""

from __future__ import annotations

from collections.abc import Sequence

from pbx_web.login import pages as login
from pbx_web.page import Action, Page
from pbx_web.pages import jobs, new, overview, plans, problems, runs, simulate, simulations

ALL: Sequence[Page | Action] = (
    *overview.PAGES,
    *new.PAGES,
    *simulate.PAGES,
    *simulations.PAGES,
    *plans.PAGES,
    *runs.PAGES,
    *problems.PAGES,
    *jobs.PAGES,
    *login.PAGES,
)
