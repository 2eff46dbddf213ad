"""How a user of the provider enters the pages of a tenant: by a link that its own pages gave, once and within a minute.

The link alone changes nothing: it shows who enters, and only the form on that page begins a session. So nothing that
follows links uses it up, and nobody is logged in as somebody else without seeing it.
"""

from __future__ import annotations

from starlette.responses import Response

from pbx_connector.api import application
from pbx_web.asking import Ask
from pbx_web.login.entering import welcome
from pbx_web.login.sessions import LoginChanged
from pbx_web.page import Action, NotFound, Page, Shown

NO_LINK = "This link was used before, or is too old."


def show(ask: Ask) -> Shown:
    name = _visitors(ask).invited(ask.store, ask.path["token"], ask.site.now())
    if not name:
        raise NotFound(ask.language(NO_LINK))
    said = {"user": name, "csrf_token": ask.token}
    return Shown(template="enter.html", values={"name": f"{name}@provider", "token": ask.path["token"]}, json=said)


def enter(ask: Ask) -> Response:
    user = _visitors(ask).admit(ask.store, ask.path["token"], ask.site.now())
    if user is None:
        raise NotFound(ask.language(NO_LINK))
    try:
        return welcome(ask, user, "/")
    except LoginChanged:
        raise NotFound(ask.language(NO_LINK)) from None


def _visitors(ask: Ask) -> application.visitors.Visitors:
    """Raises `NotFound` where there is no provider."""
    if ask.site.visitors is None:
        raise NotFound(ask.language("There is nothing at this address."))
    return ask.site.visitors


PAGES = (
    Page("/enter/{token}", None, show),
    Action("/enter/{token}", None, enter, longest=20_000),
)
