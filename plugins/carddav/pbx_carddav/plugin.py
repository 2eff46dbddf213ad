"""Registers CardDAV as a source; found through the entry point group `pbx_connector`.

What speaks to a server is imported when a source is opened: profiles are checked without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from importlib.resources import files

from pbx_carddav.error_catalog import UNVERIFIED
from pbx_carddav.fields import FIELDS
from pbx_carddav.settings import CardDavSettings
from pbx_connector.api import Check, Problem, Question, Source, SourceContext, SourceType, Template, hookimpl, importing

_QUESTIONS = (
    Question("name", "Title of the profile", default="Contacts from CardDAV"),
    Question("url", "Address of the server, such as https://cloud.example.com"),
    Question("username", "Log-in name"),
    Question("password", "Password, or app password", secret=True),
)


def warnings(settings: CardDavSettings) -> Iterator[Problem]:
    if not settings.verify:
        yield UNVERIFIED.warning("verify: false")


def open_source(settings: CardDavSettings, context: SourceContext) -> AbstractContextManager[Source]:
    with importing("pbx-connector-carddav"):
        from pbx_carddav.source import open_carddav
    return open_carddav(settings, context)


def test_connection(settings: CardDavSettings, context: SourceContext) -> Iterator[Check]:
    with importing("pbx-connector-carddav"):
        from pbx_carddav.probe import test_connection
    return test_connection(settings, context)


@hookimpl
def pbx_sources() -> Sequence[SourceType]:
    text = files(__package__).joinpath("templates", "carddav-contacts.yaml").read_text(encoding="utf-8")
    return (
        SourceType(
            name="carddav",
            title="CardDAV: Nextcloud, Radicale, iCloud, mailbox.org",
            settings=CardDavSettings,
            fields=FIELDS,
            open=open_source,
            version=version("pbx-connector-carddav"),
            test_connection=test_connection,
            warnings=warnings,
            templates=(Template("carddav-contacts", "Address books of a CardDAV server", text, _QUESTIONS),),
        ),
    )
