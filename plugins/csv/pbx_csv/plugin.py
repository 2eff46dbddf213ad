"""Registers CSV as a source; found through the entry point group `pbx_connector`.

What reads a list is imported when a source is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from importlib.resources import files

from pbx_connector.api import Check, Question, Source, SourceContext, SourceType, Template, hookimpl, importing
from pbx_csv.fields import FIELDS
from pbx_csv.settings import CsvSettings

_QUESTIONS = (
    Question("name", "Title of the profile", default="Contacts from CSV"),
    Question("path", "Path of the file (empty: it is fetched from an address)", default=""),
    Question("url", "Address of the file, http or https (empty: it is a file here)", default=""),
    Question("key", "Column by which a contact is known again (empty: all of them)", default=""),
)


def open_source(settings: CsvSettings, context: SourceContext) -> AbstractContextManager[Source]:
    with importing("pbx-connector-csv"):
        from pbx_csv.source import open_csv
    return open_csv(settings, context)


def test_connection(settings: CsvSettings, context: SourceContext) -> Iterator[Check]:
    with importing("pbx-connector-csv"):
        from pbx_csv.probe import test_connection
    return test_connection(settings, context)


@hookimpl
def pbx_sources() -> Sequence[SourceType]:
    text = files(__package__).joinpath("templates", "csv-contacts.yaml").read_text(encoding="utf-8")
    return (
        SourceType(
            name="csv",
            title="CSV: a file, a folder of files or an address",
            settings=CsvSettings,
            fields=FIELDS,
            open=open_source,
            version=version("pbx-connector-csv"),
            test_connection=test_connection,
            templates=(
                Template("csv-contacts", "Contacts in the columns of the phone system's own CSV", text, _QUESTIONS),
            ),
        ),
    )
