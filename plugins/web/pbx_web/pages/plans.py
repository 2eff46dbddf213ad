"""A kept plan: what it would change, why it was refused, and its release."""

from __future__ import annotations

from typing import Any

from pbx_connector.api import ConnectorError, KeptPlan, UsageError, application
from pbx_web import launching
from pbx_web.asking import Ask
from pbx_web.launching import profile_of
from pbx_web.page import Action, Done, NotFound, Page, Shown
from pbx_web.paging import PAGE, part, skipped
from pbx_web.permissions import Role
from pbx_web.personal import viewer
from pbx_web.wording import words_for


def show(ask: Ask) -> Shown:
    plan = _plan(ask)
    see, skip = viewer(ask), skipped(ask)
    changes, further = part(ask.store.plan_changes(plan.id, skip=skip, limit=PAGE + 1), skip)
    instead = _instead_of(ask)
    values = {
        "plan": plan,
        "changes": list(see.seen(changes)),
        "skip": skip,
        "next": further,
        "many": plan.summary.added + plan.summary.updated + plan.summary.removed + plan.summary.moved,
        "instead": instead,
        "why_not": _why_not(ask, plan),
        **words_for(ask, see),
    }
    shown = application.views.kept_plan(plan) | {"changes": list(see.json(changes)), "next": further}
    return Shown(template="plan.html", values=values, json=shown | {"instead_of": instead})


def apply(ask: Ask) -> Done:
    """A saved plan is run, a refused one released: once, and only if the source still has what was shown."""
    plan = _plan(ask)
    if plan.used is not None:
        raise ConnectorError(
            ask.language("The plan was applied by run %(run)s already: a plan is applied once.", run=plan.used),
            hint=ask.language("See what that run changed."),
        )
    profile = profile_of(ask, plan.profile)
    plain, refused = (None, plan.id) if plan.reasons else (plan.id, None)
    request = application.runs.RunRequest(plan=plain, release=refused)
    job = launching.run(ask, profile, request)
    return Done(to=f"/jobs/{job.id}", json={"job": job.id, "plan": plan.id})


def _plan(ask: Ask) -> KeptPlan:
    try:
        return ask.store.plan(ask.path["plan"])
    except UsageError:
        raise NotFound(ask.language("There is no such plan, or it was kept long enough.")) from None


def _instead_of(ask: Ask) -> str:
    """The plan that somebody wanted to apply and got this one for."""
    told = ask.text("instead_of")
    return told if told.isascii() and told.isdecimal() and len(told) < 20 else ""


def _why_not(ask: Ask, plan: KeptPlan) -> str:
    """Why it cannot be applied by whoever asks; empty if it can."""
    speak = ask.language
    if plan.used is not None:
        return speak("The plan was applied by run %(run)s already: a plan is applied once.", run=plan.used)
    if not ask.may(Role.RELEASER):
        return speak("Your role looks at plans; releasers apply them.")
    try:
        profile_of(ask, plan.profile)
    except NotFound as error:
        return str(error)
    except ConnectorError as error:
        return speak("The profile's file cannot be used: %(reason)s", reason=ask.site.operations.told(error)[0])
    return ""


PAGES: tuple[Any, ...] = (
    Page("/plans/{plan}", Role.EDITOR, show),
    Action("/plans/{plan}/apply", Role.RELEASER, apply),
)
