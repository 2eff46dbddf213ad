"""Registers Microsoft 365 as a source; found through the entry point group `pbx_connector`.

Whatever needs the libraries that speak to a server (urllib3, msal) is imported when a source is opened: they take
longer to load than a profile to check.
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
)
from pbx_microsoft365.error_catalog import UNVERIFIED
from pbx_microsoft365.fields import FIELDS
from pbx_microsoft365.migration import CLIENT_ID, CLIENT_SECRET, TENANT, from_exchange
from pbx_microsoft365.settings import Microsoft365Settings

_TITLES = {
    "microsoft365-contacts": "Microsoft 365 contacts, mapped field by field",
    "microsoft365-office": "Microsoft 365 contacts for an office: clean numbers, private and VIP contacts",
    "microsoft365-directory": "The people of a Microsoft 365 organisation, and its organisational contacts",
}


def _template(name: str, title: str) -> Template:
    text = files(__package__).joinpath("templates", f"{name}.yaml").read_text(encoding="utf-8")
    questions = (Question("name", "Title of the profile", default="Microsoft 365"), TENANT, CLIENT_ID, CLIENT_SECRET)
    return Template(name, title, text, questions)


def warnings(settings: Microsoft365Settings) -> Iterator[Problem]:
    if not settings.verify:
        yield UNVERIFIED.warning("verify: false")


def open_source(settings: Microsoft365Settings, context: SourceContext) -> AbstractContextManager[Source]:
    with importing("pbx-connector-microsoft365"):
        from pbx_microsoft365.source import open_microsoft365
    return open_microsoft365(settings, context)


def test_connection(settings: Microsoft365Settings, context: SourceContext) -> Iterator[Check]:
    with importing("pbx-connector-microsoft365"):
        from pbx_microsoft365.probe import test_connection
    return test_connection(settings, context)


@hookimpl
def pbx_sources() -> Sequence[SourceType]:
    return (
        SourceType(
            name="microsoft365",
            title="Microsoft 365 over Graph: personal and shared contacts, the directory",
            settings=Microsoft365Settings,
            fields=FIELDS,
            open=open_source,
            version=version("pbx-connector-microsoft365"),
            test_connection=test_connection,
            warnings=warnings,
            templates=tuple(_template(name, title) for name, title in _TITLES.items()),
            migrations={"exchange": from_exchange},
        ),
    )
