"""Templates, and what each of them is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pbx_connector.api import FINDING_KINDS
from pbx_web.asking import Ask
from pbx_web.assets import scripts
from pbx_web.language import LANGUAGES, Language
from pbx_web.permissions import Role

PLACES = (
    ("/", "Overview", Role.EDITOR),
    ("/phone-book", "Phone book", Role.READER),
    ("/runs", "Plans and runs", Role.EDITOR),
    ("/devices", "Devices", Role.ADMIN),
    ("/accounts", "Accounts and labels", Role.ADMIN),
    ("/users", "Users", Role.ADMIN),
    ("/settings", "Settings", Role.ADMIN),
    ("/audit", "Audit", Role.ADMIN),
)
"""The main navigation: address, words, and who sees it."""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pbx_web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.globals.update(static=static, scripts=scripts())
    environment.filters["zipped"] = lambda one, other: list(zip(one, other, strict=True))
    return environment


def render(template: str, values: Mapping[str, Any], ask: Ask, said: str = "") -> str:
    """A template with what each gets: `ask`, `user`, `_`, `ngettext`, `places`, `said` (once, after an action)."""
    return _environment().get_template(template).render(_for_each(ask, said), **values)


def stream(template: str, values: Mapping[str, Any], ask: Ask) -> Iterator[str]:
    """The same bit by bit, as far as what the template goes through is there: for what takes its time."""
    return _environment().get_template(template).generate(_for_each(ask), **values)


def _for_each(ask: Ask, said: str = "") -> dict[str, Any]:
    speak = ask.language
    return {
        "ask": ask,
        "user": ask.user,
        "here": ask.request.url.path,
        "said": said,
        "languages": LANGUAGES,
        "places": [(path, speak(words)) for path, words, role in ask.site.places or PLACES if ask.may(role)],
        "_": speak,
        "gettext": speak,
        "ngettext": speak.count,
        "number": speak.number,
        "moment": lambda of: speak.moment(of, ask.site.installation.zone),
        "day": speak.day,
        "age": lambda of: speak.age(of, ask.site.now()),
        "advice": ask.site.operations.advice,
        "hosted": ask.site.operations.is_hosted,
        "finding_kind": lambda code: _kind(speak, code),
        "Role": Role,
    }


def _kind(speak: Language, code: str) -> str:
    """What a code of the core stands for; empty in English, which its message says better, and for other codes."""
    words = FINDING_KINDS.get(code)
    return speak(words) if words and speak.code != "en" else ""


@cache
def static(name: str) -> str:
    """The address of a file under `static/`, another one whenever the file is another."""
    digest = sha256(files("pbx_web").joinpath("static", name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"
