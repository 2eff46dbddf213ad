"""The log-in form, and what becomes of who has got in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from pbx_connector.api import User, application
from pbx_web.asking import Ask
from pbx_web.login.kept_form import KeptForm
from pbx_web.origin import local
from pbx_web.rendering import render


def login_form(
    ask: Ask, *, to: str, name: str = "", error: str = "", status: int = 200, kept: KeptForm | None = None
) -> Response:
    oidc = ask.site.settings.login.oidc
    values = {"to": to, "name": name, "error": error, "kept": kept, "provider": oidc.title if oidc else ""}
    said = {"csrf_token": ask.token, "error": {"message": error, "hint": None} if error else None}
    response = answered(ask, "login.html", values, said, status)
    if ask.is_part:  # a part of a page was asked for: this takes the place of all of it
        response.headers["HX-Retarget"] = "body"
    return response


def welcome(ask: Ask, user: User, to: str, kept: KeptForm | None = None, provider: str = "") -> Response:
    """He is logged in from now on, and goes on to where he wanted. Raises `LoginChanged`."""
    begun = ask.site.sessions.open(user, ask.request, address=ask.address, provider=provider)
    ask.user, ask.token = user, begun.token
    ask.note(application.audit.AuditAction.LOGIN, detail=_way_in(user))
    response: Response = RedirectResponse(local(to), 303)
    if ask.wants_json:
        response = JSONResponse({"user": application.views.user(user), "csrf_token": begun.token})
    elif kept:
        response = once_more(ask, kept)
    begun.put(response)
    return response


def _way_in(user: User) -> Mapping[str, str] | None:
    if user.is_visitor:
        return {"by": "the provider's pages"}
    return {"by": "single sign-on"} if user.password is None else None


def once_more(ask: Ask, kept: KeptForm) -> Response:
    return HTMLResponse(render("kept_form.html", {"kept": kept}, ask))


def answered(ask: Ask, template: str, values: Mapping[str, Any], said: Any, status: int = 200) -> Response:
    if ask.wants_json:
        return JSONResponse(said, status)
    return HTMLResponse(render(template, values, ask), status)
