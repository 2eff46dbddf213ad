"""The words of the pages in the language of whoever asks: English as written, others from `translations/*.po`."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

from babel.core import Locale, negotiate_locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch"}
"""By code, as each names itself."""


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    words: NullTranslations

    @property
    def locale(self) -> str:
        """Where days, times and numbers are written as here; English is not American."""
        return {"en": "en_GB"}.get(self.code, self.code)

    @property
    def _day(self) -> str:
        return "d. MMM" if self.code == "de" else "d MMM"

    def __call__(self, text: str, **values: object) -> str:
        """`text` in this language; `%(name)s` in it stands for a value."""
        said = self.words.gettext(text)
        return said % values if values else said

    def count(self, one: str, many: str, number: int, **values: object) -> str:
        """`one` or `many`, by the number, which `%(number)s` in it stands for."""
        return self.words.ngettext(one, many, number) % {"number": self.number(number), **values}

    def number(self, value: float) -> str:
        return format_decimal(value, locale=self.locale)

    def moment(self, of: datetime, zone: tzinfo) -> str:
        """Date and time, as people here write it."""
        return format_datetime(of.astimezone(zone), f"{self._day} y, HH:mm", locale=self.locale)

    def day(self, of: date) -> str:
        return format_date(of, self._day, locale=self.locale)

    def age(self, of: datetime, now: datetime) -> str:
        """How long ago, or in how long: `3 hours ago`."""
        return format_timedelta(of - now, add_direction=True, locale=self.locale)


@cache
def language(code: str) -> Language:
    source = files("pbx_web").joinpath("translations", f"{code}.po")
    if not source.is_file():
        return Language(code, NullTranslations())
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source.read_bytes()), locale=Locale(code)))
    compiled.seek(0)
    return Language(code, GNUTranslations(compiled))


def chosen(cookie: str, accepted: str, default: str) -> Language:
    """By the reader's own choice, or else by what the browser asks for."""
    if cookie in LANGUAGES:
        return language(cookie)
    wanted = [part.partition(";")[0].strip().partition("-")[0] for part in accepted.split(",")[:20]]
    return language(negotiate_locale(wanted, list(LANGUAGES)) or default)
