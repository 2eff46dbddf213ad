"""Registers Exchange as a source; found through the entry point group `pbx_connector`.

Whatever needs the libraries that speak to a server (exchangelib, lxml, requests, msal) is imported when a source is
opened: they take longer to load than a profile to check.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from importlib.resources import files

from pbx_connector.api import (
    Check,
    Problem,
    Question,
    Source,
    SourceContext,
    SourceType,
    Template,
    hookimpl,
    importing,
    is_protected,
)
from pbx_exchange.error_catalog import ENDING, OPEN_PROXY, UNVERIFIED
from pbx_exchange.fields import FIELDS
from pbx_exchange.settings import ExchangeSettings, is_online

_QUESTIONS = (
    Question("name", "Title of the profile", default="Exchange contacts"),
    Question("email", "E-mail address of the service user"),
    Question("password", "Password of the service user", secret=True),
    Question("url", "Address of Exchange Web Services (empty: find it by autodiscover)", default=""),
)


def _template(name: str, title: str) -> Template:
    text = files(__package__).joinpath("templates", f"{name}.yaml").read_text(encoding="utf-8")
    return Template(name, title, text, _QUESTIONS)


def warnings(settings: ExchangeSettings) -> Iterator[Problem]:
    if not settings.verify:
        yield UNVERIFIED.warning("verify: false")
    if settings.proxy_username is not None and settings.proxy and not is_protected(settings.proxy):
        yield OPEN_PROXY.warning("proxy_password")
    if is_online(settings.address or ""):
        yield ENDING.warning("source: exchange")


def open_source(settings: ExchangeSettings, context: SourceContext) -> AbstractContextManager[Source]:
    with importing("pbx-connector-exchange"):
        from pbx_exchange.source import open_exchange
    return open_exchange(settings, context)


def test_connection(settings: ExchangeSettings, context: SourceContext) -> Iterator[Check]:
    with importing("pbx-connector-exchange"):
        from pbx_exchange.probe import test_connection
    return test_connection(settings, context)


@hookimpl
def pbx_sources() -> Sequence[SourceType]:
    return (
        SourceType(
            name="exchange",
            title="Microsoft Exchange: public, shared and personal contacts",
            settings=ExchangeSettings,
            fields=FIELDS,
            open=open_source,
            version=version("pbx-connector-exchange"),
            test_connection=test_connection,
            warnings=warnings,
            templates=(
                _template("exchange-contacts", "Exchange contacts, mapped field by field"),
                _template(
                    "exchange-office", "Exchange contacts for an office: clean numbers, private and VIP contacts"
                ),
            ),
        ),
    )
