"""Which numbers a text was certainly meant to hold. What is not certain is left out: a number that nobody has is worse
than none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
)

from pbx_rules.functions.phone_letters import spelt
from pbx_rules.functions.phone_ranges import dashed, endings_side_by_side, is_trunk, too_long, without_last_group
from pbx_rules.functions.phone_text import LONGEST, Run, clean, runs

_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
_LAST_IN_PARENTHESES = re.compile(r"[0-9].*\([^()]*\)[^0-9]*$")
_ITEM = re.compile(r"\(?[1-9][0-9]?[.)]\s+")
_LEAD = re.compile(r"([1-9][0-9]{0,4}(?:[-/.][0-9]{1,4})*)\s+(?=\(?[+0])")
_HOURS = re.compile(r"[0-9]{1,2}([-/.][0-9]{1,2})+")
_NO_NUMBER = re.compile(r"[1-9]( [0-9]{3}){3}|(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}")
"""`3 023 125 201` with its thousands apart, and an IP address."""
_COUNTED = re.compile(r"(?<![0-9])([0-9]+) [1-9][0-9]?(\. *| ?)$")
"""`23125201 2.` before `Stock`, `23125201 24` before `h`, `23125201 2 ` before `persons`."""
_ENDING = re.compile(r"-?\s*([0-9]+)")
_SHORTEST = 6
"""Digits, without the country's code, of a number behind which a slash divides two."""
_LOCAL = 8
"""Digits of the longest number that is dialled without its area's code, where one that begins with 0 has the code."""
_MOST = 22
"""Digits of the longest number, with what is dialled in front of a country's code."""
_LISTED = re.compile(r"[;,|\n]")
_LONGEST_CODE = 4
"""Digits of 800, 180 5 and their like, which no letter stands for."""
_AMERICAN = re.compile(
    r"(?:1[-. ]\(?...\)?[-. ]*...[-. ]|\(...\) ?...[-.]|...[-.]...[-.])[0-9]{4}".replace("...", "[2-9][0-9]{2}")
)
"""`1 800 356 9377`, `(212) 555-2368`: as North America writes numbers."""
_SPELT = {PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}
"""Kinds of numbers that are written in letters, as 0800 FLOWERS is."""


@lru_cache(maxsize=100_000)
def read(text: str, region: str | None) -> tuple[PhoneNumber, ...]:
    """The numbers with their extensions. `112` and `1234` are possible numbers but not valid ones."""
    if len(text) > LONGEST:
        return ()
    plain = clean(text)
    found = tuple(_Reader(region).numbers(runs(plain)))
    return found or tuple(filter(None, (_spelt(part, region) for part in _LISTED.split(plain))))


def notations(text: str) -> tuple[str, ...]:
    """The numbers of a text as they are written there, without extensions, whatever country they are of; letters of a
    number are the digits that they stand for."""
    if len(text) > LONGEST:
        return ()
    plain = clean(text)
    return _Anywhere().notations(runs(plain)) or tuple(
        phonenumbers.convert_alpha_characters_in_number(found.text)
        for found in map(spelt, _LISTED.split(plain))
        if found
    )


def _spelt(text: str, region: str | None) -> PhoneNumber | None:
    """Of a kind that is written in letters, and with the prefix that its country has for it."""
    found = spelt(text)
    number = _valid(found.text, region) if found else None
    if found is None or number is None or not _Reader(region).begins(found.text, number):
        return None
    code = len(phonenumbers.national_significant_number(number)) - found.word
    if phonenumbers.number_type(number) not in _SPELT or code > _LONGEST_CODE:
        return None
    number.extension = found.extension
    return number


def _valid(text: str, region: str | None) -> PhoneNumber | None:
    """The zero of `+39 (0)2` belongs to the number, that of `+49 (0)30` does not: the library knows which is which,
    but for countries without such a zero, where people write it all the same."""
    for zero in ("0", "") if _TRUNK_ZERO.search(text) else ("",):
        try:
            number = phonenumbers.parse(_TRUNK_ZERO.sub(zero, text), region)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return number
    return None


class _Reader:
    def __init__(self, region: str | None) -> None:
        metadata = region and PhoneMetadata.metadata_for_region(region)
        self._region = region
        self._zero = bool(metadata and metadata.national_prefix == "0")
        self._code = str(metadata.country_code) if metadata else ""

    def numbers(self, found: Iterator[Run]) -> Iterator[PhoneNumber]:
        """Where one begins as a number of the country does, digits that do not are those of a remark."""
        texts = [each for each in self._texts(found) if not self._local(each[0])]
        explicit = [(text, extension) for text, extension in texts if self._explicit(text)]
        if explicit or len({_length(text) for text, _ in texts if _length(text) >= _SHORTEST}) <= 1:
            for text, extension in explicit or texts:
                if number := self._number(text):
                    number.extension = extension
                    yield number

    def _texts(self, found: Iterator[Run]) -> Iterator[tuple[str, str | None]]:
        last = ""
        for run in found:
            text = self._trimmed(run)
            if text and run.continues and last and not self._explicit(text):
                text = _with_ending(last, text) or ""
            parts = [end for part in self._divided(text) for end in self._ends(part)] if text else []
            for part in parts:
                yield part, run.extension if part == parts[-1] else None
            last = parts[-1] if parts else ""

    def begins(self, text: str, number: PhoneNumber) -> bool:
        """Whether a text, whose letters count as digits, is `number` with all that its country puts in front."""
        national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        digits = phonenumbers.convert_alpha_characters_in_number(text)
        return self._explicit(text) or re.sub("[^0-9]", "", digits) == re.sub("[^0-9]", "", national)

    def _explicit(self, text: str) -> bool:
        first = text.lstrip(" (")[:1]
        return first in ("+", "0") or (first.isdigit() and not self._zero)

    def _local(self, text: str) -> bool:
        """Whether it may lack its area's code: `69812345` is a number of Munich and, with a zero, one of Frankfurt."""
        if self._explicit(text) or "(" in text or _length(text) > _LOCAL:
            return False
        number = self._number(text)
        return number is not None and not self.begins(text, number)

    def _complete(self, text: str) -> bool:
        """Whether a slash behind it begins another number."""
        number = self._number(text)
        return number is not None and len(str(number.national_number)) >= _SHORTEST

    def _number(self, text: str) -> PhoneNumber | None:
        if _length(text) > _MOST or _LAST_IN_PARENTHESES.search(text) or self._american(text):
            return None
        return _valid(text, self._region)

    def _american(self, text: str) -> bool:
        """Where a number of the country begins with 0, one of North America's form is of North America."""
        return self._zero and bool(_AMERICAN.fullmatch(text)) and _valid(text, "US") is not None

    def _trimmed(self, run: Run) -> str:
        """Without the digits that number an item or begin a word; blank if it is not certain which they are."""
        if run.tied:
            return ""
        counted = _COUNTED.search(run.text) if run.before_letter else None
        text = _without_count(run.text, counted) if counted else run.text
        return self._without_item(text.lstrip(" ./)-").rstrip(" ./(-"))

    def _without_item(self, text: str) -> str:
        item = _ITEM.match(text)
        if item and self._explicit(text[item.end() :]) and (self._zero or not self._number(text)):
            return text[item.end() :]
        if self._zero and _NO_NUMBER.fullmatch(text):
            return ""
        lead = _LEAD.match(text) if self._zero else None
        return text if lead is None else self._without_lead(text, lead[1], text[lead.end() :])

    def _without_lead(self, text: str, lead: str, rest: str) -> str:
        counts = len(lead) == 1 or lead == self._code or _HOURS.fullmatch(lead)
        if self._number(rest) and (counts or rest.startswith("+")):
            return rest
        code = lead.isdigit() and int(lead) in COUNTRY_CODE_TO_REGION_CODE
        return "" if self._number(rest) or code else text

    def _divided(self, text: str) -> Iterator[str]:
        """At slashes between numbers, not at those within one. Nothing where it may be either, as in `12345/67`."""
        left, *rights = text.split("/")
        divided: list[str] = []
        for right in (right.strip() for right in rights):
            if self._joins(left, right):
                left = f"{left}/{right}"
                continue
            divided.append(left)
            other = right if self._explicit(right) and self._complete(right) else _with_ending(left, right)
            if other is None and not right.startswith("-"):
                return
            left = other or left
        yield from dict.fromkeys([*divided, left])

    def _ends(self, text: str) -> Iterator[str]:
        """The first and the last number of a range; nothing where the text may be a range or a number."""
        parts = dashed(text)
        if parts is None or not self._complete(parts.left):
            yield from self._single(text)
        elif self._explicit(parts.right) and self._complete(parts.right):
            yield from (*self._ends(parts.left), parts.right)
        elif (verdict := parts.verdict(self._digits(text))) == "number":
            yield from self._single(text)
        elif verdict == "range":
            first = list(self._ends(parts.left))
            yield from first
            if first and (last := _with_ending(first[-1], parts.right)):
                yield last

    def _single(self, text: str) -> Iterator[str]:
        digits, shorter = self._digits(text), without_last_group(text)
        if endings_side_by_side(text, digits) or (is_trunk(shorter) and self._complete(shorter)):
            return
        if not too_long(text, digits) or not self._complete(shorter):
            yield text

    def _digits(self, text: str) -> int | None:
        """How many the number has without the country's code; None if it is none."""
        number = self._number(text)
        return None if number is None else len(str(number.national_number))

    def _joins(self, left: str, right: str) -> bool:
        if right in ("", "0"):
            return True
        if not self._zero and self._number(f"{left}/{right}"):
            return True
        if self._complete(left):
            return False
        return left.startswith("+") or not (self._explicit(right) and self._complete(right))


class _Anywhere(_Reader):
    """Of no country that is known: a number that begins with 0 is complete by its length alone."""

    def __init__(self) -> None:
        super().__init__(None)
        self._zero = True

    def notations(self, found: Iterator[Run]) -> tuple[str, ...]:
        texts = [text for text, _ in self._texts(found)]
        explicit = [text for text in texts if self._explicit(text) and _length(text) >= _SHORTEST]
        return tuple(explicit) or tuple(text for text in texts if _length(text) >= _SHORTEST)

    def _complete(self, text: str) -> bool:
        return super()._complete(text) or (text.lstrip(" (").startswith("0") and _length(text) > _SHORTEST)

    def _digits(self, text: str) -> int | None:
        digits = re.sub("[^0-9]", "", text)
        return super()._digits(text) or len(digits.removeprefix("0")) - (2 if digits.startswith("00") else 0)


def _without_count(text: str, counted: re.Match[str]) -> str:
    """Behind a long group of digits they count what follows, behind a middling one nobody knows: blank."""
    strip, blank = (8, 6) if counted[2] == " " else (6, 4)
    if len(counted[1]) >= strip:
        return text[: counted.end(1)]
    return "" if len(counted[1]) >= blank else text


def _length(text: str) -> int:
    return sum(map(str.isdigit, text))


def _with_ending(number: str, text: str) -> str | None:
    """`030 23125-201` and `-202`: the other ending of a number, which has as many digits."""
    ending, groups = _ENDING.fullmatch(text.strip()), re.findall("[0-9]+", number)
    if ending is None or len(groups[-1]) != len(ending[1]):
        return None
    return number.rstrip()[: -len(ending[1])] + ending[1]
