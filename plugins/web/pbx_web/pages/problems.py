"""The problems of a profile with single contacts, as its last run left them."""

from __future__ import annotations

from itertools import islice

from pbx_connector.api import application
from pbx_web.asking import Ask
from pbx_web.drafting.folder import find
from pbx_web.page import Page, Shown
from pbx_web.paging import part, skipped
from pbx_web.permissions import Role
from pbx_web.personal import viewer
from pbx_web.wording import words_for


def show(ask: Ask) -> Shown:
    id, store = ask.path["profile"], ask.store
    state = next((state for state in store.profiles() if state.id == id), None)
    if state is None:
        find(ask, id)
    see, skip = viewer(ask), skipped(ask)
    last = application.history.last_run(store, id)
    found, further = part(islice(store.problems(id), skip, None), skip)
    problems = see.problems(found, last.report if last else None)
    about = {"id": id, "title": state.title if state else id, "has_run": state is not None}
    values = {**about, "last": last, "problems": problems, "skip": skip, "next": further, **words_for(ask, see)}
    shown = {"profile": id, "problems": [application.views.problem(one) for one in problems], "next": further}
    return Shown(template="problems.html", values=values, json=shown)


PAGES = (Page("/profiles/{profile}/problems", Role.EDITOR, show),)
