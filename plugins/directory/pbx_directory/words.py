"""The words that a phone's display shows around the entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    everybody: str
    """In a menu: the list from its beginning."""
    search: str
    ask: str
    nothing: str
    next: str
    first: str
    dial: str
    exit: str
    kinds: Mapping[str, str]
    """What kind of number it is, by the field that holds it."""


ENGLISH = Words(
    title="Phone book",
    everybody="All entries",
    search="Search",
    ask="Name or number",
    nothing="No entries",
    next="Next",
    first="First page",
    dial="Dial",
    exit="Exit",
    kinds={"phone": "Work", "mobile": "Mobile", "home_phone": "Home", "fax": "Fax"},
)
GERMAN = Words(
    title="Telefonbuch",
    everybody="Alle Einträge",
    search="Suchen",
    ask="Name oder Nummer",
    nothing="Keine Einträge",
    next="Weiter",
    first="Anfang",
    dial="Wählen",
    exit="Ende",
    kinds={"phone": "Büro", "mobile": "Mobil", "home_phone": "Privat", "fax": "Fax"},
)
LANGUAGES = {"en": ENGLISH, "de": GERMAN}


def words(language: str) -> Words:
    """By a code such as `de` or `de-AT`; English for languages that are not here."""
    return LANGUAGES.get(language.replace("_", "-").partition("-")[0].strip().lower(), ENGLISH)
