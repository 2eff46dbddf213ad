"""Log-in, log-out, a new password, and the link by which the first administrator gets in."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.responses import JSONResponse, RedirectResponse, Response

from pbx_connector.api import Role, UsageError, application
from pbx_web.asking import Ask
from pbx_web.login import single_sign_on
from pbx_web.login.authentication import BUSY, WRONG, LoginRefused
from pbx_web.login.entering import answered, login_form, once_more, welcome
from pbx_web.login.kept_form import carried, interrupted
from pbx_web.login.passwords import TooBusy, password_fault
from pbx_web.login.sessions import LoginChanged
from pbx_web.origin import is_ours, local
from pbx_web.page import Action, Done, Forbidden, NotFound, Page, Shown

AuditAction = application.audit.AuditAction
LONGEST_FORM = 2**22
"""Bytes of a log-in form: it may carry what was typed before."""
UNLIKE = "The two are not the same."
NO_LINK = "This link was used before, or is too old."
SIGNED_ON = "You log in by single sign-on: your password is changed there."


def show_login(ask: Ask) -> Shown | Response:
    if ask.user and not ask.wants_json:
        return RedirectResponse(local(ask.query.get("next", "/")), 303)
    return login_form(ask, to=local(ask.query.get("next", "/")))


def log_in(ask: Ask) -> Shown | Response:
    to, name = local(ask.typed("next") or "/"), ask.typed("name")
    try:
        user = ask.site.authentication.by_password(name, ask.typed("password"), ask.address)
        return welcome(ask, user, to, carried(ask))
    except (LoginRefused, LoginChanged) as error:
        message, status = (error.message, error.status) if isinstance(error, LoginRefused) else (WRONG, 401)
        return login_form(ask, to=to, name=name, error=ask.language(message), status=status, kept=carried(ask))


def resume(ask: Ask) -> Shown | Response:
    """After a log-in in another window. Its token is of the session that ended, so it must come from a page of ours."""
    kept = carried(ask)
    if kept is None or not is_ours(ask.request, required=True):
        raise Forbidden(ask.language("This was sent from another site."))
    return once_more(ask, kept) if ask.user else login_form(ask, to=kept.to, kept=kept)


def log_in_first(ask: Ask) -> Shown | Response:
    """Asked for by nobody who is logged in."""
    if ask.wants_json:
        said = {"error": {"message": ask.language("Log in first."), "hint": None}}
        return JSONResponse(said, 401)
    if ask.request.method == "POST" and (kept := interrupted(ask)):
        return login_form(ask, to="/", kept=kept, status=200 if ask.is_part else 401)
    there = f"/login?{urlencode({'next': _asked_for(ask)})}" if _asked_for(ask) != "/" else "/login"
    return Response(headers={"HX-Redirect": there}) if ask.is_part else RedirectResponse(there, 303)


def log_out(ask: Ask) -> Shown | Response:
    ended = Response()
    session = ask.site.sessions.end(ask.request, ended)
    if ask.user and session:
        ask.note(AuditAction.LOGOUT)
    url = single_sign_on.logout_url(ask, session.provider) if session and session.provider else ""
    ask.user = None
    response = answered(ask, "logout.html", {"provider": url}, {"provider": url or None})
    return _with_cookies(response, ended)


def show_password(ask: Ask) -> Shown:
    return _password_form(ask, "")


def change_password(ask: Ask) -> Shown | Done | Response:
    user = ask.known_user
    if user.password is None:
        raise Forbidden(ask.language(SIGNED_ON))
    try:
        ask.site.authentication.by_password(user.name, ask.typed("old"), ask.address)
        if fault := _new_password_fault(ask, user.name):
            return _password_form(ask, fault)
        digest = ask.site.authentication.passwords.digest(ask.typed("new"))
    except LoginRefused as error:
        return _password_form(ask, error.message, "old", error.status)
    except TooBusy:
        return _password_form(ask, BUSY, status=503)
    changed = application.users.set_password(ask.store, user.name, digest)
    ask.note(AuditAction.LOGIN_CHANGED, user.name)
    begun = ask.site.sessions.open(changed, ask.request, address=ask.address)
    response: Response = JSONResponse({}) if ask.wants_json else RedirectResponse("/", 303)
    begun.put(response)
    return response


def show_setup(ask: Ask) -> Shown:
    return _setup_form(ask, _link(ask), "")


def set_up(ask: Ask) -> Shown | Response:
    link = _link(ask)
    name = link.user or ask.typed("name")
    try:
        if fault := _new_password_fault(ask, application.users.user_name(name)):
            return _setup_form(ask, link, fault, name)
        digest = ask.site.authentication.passwords.digest(ask.typed("new"))
        token, now = ask.path["token"], ask.site.now()
        user = application.setup_links.use_setup_link(ask.store, token, now, name=name, password=digest)
    except UsageError as error:
        return _setup_form(ask, link, error.message, name, "name")
    except TooBusy:
        return _setup_form(ask, link, BUSY, name, status=503)
    if user is None:
        raise NotFound(ask.language(NO_LINK))
    ask.user = user
    ask.note(AuditAction.SETUP, user.name)
    return welcome(ask, user, "/")


def _with_cookies(response: Response, other: Response) -> Response:
    response.raw_headers += [(name, value) for name, value in other.raw_headers if name == b"set-cookie"]
    return response


def _asked_for(ask: Ask) -> str:
    """The page; a part of one is asked for at another address than the page's own."""
    url = ask.request.url
    if ask.is_part or ask.request.method == "POST":
        return local(ask.request.headers.get("hx-current-url", "/").partition(url.netloc)[2] or "/")
    return f"{url.path}?{url.query}" if url.query else url.path


def _new_password_fault(ask: Ask, name: str) -> str:
    new = ask.typed("new")
    return password_fault(new, name) or (UNLIKE if new != ask.typed("again") else "")


def _password_form(ask: Ask, fault: str, where: str = "new", status: int = 400) -> Shown:
    values = {"fault": ask.language(fault) if fault else "", "where": where}
    said = {"error": {"message": values["fault"], "hint": None} if fault else None}
    return Shown(template="password.html", values=values, json=said, status=status if fault else 200)


def _setup_form(
    ask: Ask,
    link: application.setup_links.SetupLink,
    fault: str,
    name: str = "",
    where: str = "new",
    status: int = 400,
) -> Shown:
    values = {"link": link, "fault": ask.language(fault) if fault else "", "where": where, "name": name}
    said = {"user": link.user, "csrf_token": ask.token, "error": {"message": fault, "hint": None} if fault else None}
    return Shown(template="setup.html", values=values, json=said, status=status if fault else 200)


def _link(ask: Ask) -> application.setup_links.SetupLink:
    link = application.setup_links.find_setup_link(ask.store, ask.path["token"], ask.site.now())
    if link is None:
        raise NotFound(ask.language(NO_LINK))
    return link


PAGES: Sequence[Page | Action] = (
    Page("/login", None, show_login),
    Action("/login", None, log_in, LONGEST_FORM),
    Action("/login/resume", None, resume, LONGEST_FORM, has_token=False),
    Action("/logout", None, log_out),
    Page("/password", Role.READER, show_password),
    Action("/password", Role.READER, change_password),
    Page("/setup/{token}", None, show_setup),
    Action("/setup/{token}", None, set_up),
    Page("/login/start", None, single_sign_on.start),
    Page("/login/callback", None, single_sign_on.finish),
)
