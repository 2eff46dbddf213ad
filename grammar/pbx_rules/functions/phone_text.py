"""A text that may hold phone numbers, made ready to be read: clean characters, no remarks, runs of digits.

People write lists, remarks and opening hours into a phone field, and spreadsheets write a number as `4.93E+11`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

LONGEST = 250
"""Characters; longer texts are no phone numbers."""

_WORDS = r"(?:durchwahl|durchw|dw|extension|extn|ext|nst|nebenst|nebenstelle|klappe|kl|apparat|app|intern|x)"
_EXTENSION = re.compile(
    rf"[\s,;/(-]*(?<![^\W\d_]){_WORDS}\s*[.:#=-]?\s*([0-9]{{1,8}})(?![0-9]|\s*[-/.(]?\s*[0-9])\s*\)?", re.IGNORECASE
)
_INTERNAL = re.compile(rf"(?:{_WORDS}\s*[.:]?\s*)?([*#]{{0,2}}([0-9]+)#?)", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"(?<![0-9.,])([1-9])(?:[.,]([0-9]+))?[eE]([+-]?[0-9]{1,3})(?![0-9])")
_POINT_ZERO = re.compile(r"(?<=[0-9]{5})[.,]0+\s*$")
_REMARK = re.compile(r"\([^()]*[^\W\d_][^()]*\)")
_TIME = re.compile(
    r"(?<![0-9])[0-9]{1,2}:[0-9]{2}(?![0-9])"
    r"|(?<![0-9])[0-9]{1,2}(?:\.[0-9]{2})?\s*(?:-\s*[0-9]{1,2}(?:\.[0-9]{2})?\s*)?(?:uhr|h)\b",
    re.IGNORECASE,
)
_RUN = re.compile(r"[+(). /-]*[0-9][0-9(). /-]*")
_PLACEHOLDERS = re.compile(r"[0-9](?:[xX]+|[nN?_]{2,})(?!\w)|-[xXnN*?_#]+(?!\w)| [xX]{2,}(?!\w)")
_OPEN_END = re.compile(r"-\s*\.{2,}\s*$")
_BETWEEN = re.compile(r"\s*(?:[;,|&\n]+|oder|or|und|and|bis)?\s*", re.IGNORECASE)
_LEAST = 6
"""Digits within parentheses that may be a number of their own."""
_VARIATIONS = re.compile("[\ufe00-\ufe0f\u20e3\U000e0100-\U000e01ef]")
_FORMS = str.maketrans("\u2212\uff0b\uff08\uff09\uff0f[]", "-+()/()") | {0x2026: "..."}


class Run(NamedTuple):
    """Digits with what may stand between the digits of one number."""

    text: str
    extension: str | None
    before_letter: bool
    continues: bool
    """It follows the run before by nothing but a separator of lists."""
    tied: bool
    """A sign that neither divides numbers nor groups digits, such as `:`, stands between it and other digits, or
    what stands for digits behind it: `23125-2xx`."""


def clean(text: str) -> str:
    """By the class of each character: marks that nobody sees go, any space is a space, any digit one of ASCII."""
    if "[" in text or not (text.isascii() and text.isprintable()):
        text = "".join(map(_plain, _VARIATIONS.sub("", text))).replace("\r\n", "\n")
    return _POINT_ZERO.sub("", text) if text.count(".") + text.count(",") == 1 else text


def _plain(character: str) -> str:
    match unicodedata.category(character):
        case "Cf":
            return ""
        case "Zl" | "Zp":
            return "\n"
        case "Zs":
            return " "
        case "Cc":
            return _control(character)
        case "Pd":
            return "-"
        case "Nd":
            return str(unicodedata.decimal(character))
    return character.translate(_FORMS)


def _control(character: str) -> str:
    if character in "\n\r\v\f\x85":
        return "\n"
    return " " if character == "\t" else ""


def internal(text: str, longest: int) -> str | None:
    """A number within the house, `204` or `**611`, as it is written; None if there are more digits or other text."""
    bare = re.sub(r"^([0-9]+)[.,]0+$", r"\1", _REMARK.sub("", text).strip())
    found = _INTERNAL.fullmatch(bare)
    return found[1] if found and len(found[2]) <= longest else None


def runs(text: str) -> Iterator[Run]:
    """Each run of digits in a clean text, in order."""
    bare = _TIME.sub(" ; ", _REMARK.sub(_remark, _SCIENTIFIC.sub(_written_out, text)))
    for piece, extension in pieces(bare):
        found, gaps = _RUN.findall(piece), _RUN.split(piece)
        ties = [at for at in range(1, len(found)) if _ties(gaps[at], found[at])]
        for at, digits in enumerate(found):
            yield Run(
                digits,
                extension if at == len(found) - 1 else None,
                gaps[at + 1][:1].isalpha(),
                at > 0 and _BETWEEN.fullmatch(gaps[at]) is not None,
                at in ties or at + 1 in ties or _unfinished(digits, gaps[at + 1]),
            )


def _unfinished(digits: str, gap: str) -> bool:
    return _PLACEHOLDERS.match(digits[-1] + gap) is not None or _OPEN_END.search(digits) is not None


def _ties(gap: str, right: str) -> bool:
    return len(gap) == 1 and not gap.isalpha() and _BETWEEN.fullmatch(gap) is None and right[0].isdigit()


def _written_out(match: re.Match[str]) -> str:
    """Only a number whose digits are all there: `3.02E+10` may have been any number that begins like this."""
    decimals, exponent = match[2] or "", int(match[3])
    if not 0 < exponent <= len(decimals) or decimals[exponent:].strip("0"):
        return ";"
    return match[1] + decimals[:exponent]


def without_remarks(text: str) -> str:
    return _REMARK.sub(" ", text)


def _remark(match: re.Match[str]) -> str:
    if _EXTENSION.search(match[0]):
        return match[0]
    return f";{match[0][1:-1]};" if sum(map(str.isdigit, match[0])) >= _LEAST else " ; "


def pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """Up to each extension that stands behind a number."""
    start = 0
    for found in _EXTENSION.finditer(text):
        if re.search("[0-9]", text[start : found.start()]):
            yield text[start : found.start()], found[1]
            start = found.end()
    yield text[start:], None
