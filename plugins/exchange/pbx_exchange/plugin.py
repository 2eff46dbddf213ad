"""Registers Exchange as a source; found through the entry point group `pbx_connector`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files

from pbx_connector.api import Question, SourceType, Template, hookimpl
from pbx_exchange.fields import FIELDS
from pbx_exchange.probe import test_connection
from pbx_exchange.settings import ExchangeSettings
from pbx_exchange.source import open_exchange

_QUESTIONS = (
    Question("name", "Title of the profile", default="Exchange contacts"),
    Question("email", "E-mail address of the service user"),
    Question("password", "Password of the service user", secret=True),
    Question("url", "Address of Exchange Web Services (empty: find it by autodiscover)", default=""),
)


def _template(name: str, title: str) -> Template:
    text = files(__package__).joinpath("templates", f"{name}.yaml").read_text(encoding="utf-8")
    return Template(name, title, text, _QUESTIONS)


@hookimpl
def pbx_sources() -> Sequence[SourceType]:
    return (
        SourceType(
            name="exchange",
            title="Microsoft Exchange: public, shared and personal contacts",
            settings=ExchangeSettings,
            fields=FIELDS,
            open=open_exchange,
            version=version("pbx-connector-exchange"),
            test_connection=test_connection,
            templates=(
                _template("exchange-contacts", "Exchange contacts, mapped field by field"),
                _template(
                    "exchange-office", "Exchange contacts for an office: clean numbers, private and VIP contacts"
                ),
            ),
        ),
    )
