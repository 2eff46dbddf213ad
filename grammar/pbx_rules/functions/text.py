"""Functions on text. Lengths and positions count characters as a reader sees them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pbx_rules.functions.registry import Example, Function, Parameter
from pbx_rules.runtime.coercion import as_text, join
from pbx_rules.runtime.limits import LONGEST_TEXT, MOST_ELEMENTS, Cost, check_elements, check_length
from pbx_rules.runtime.text import characters, cut, end_of, length, normalized, text_or_blank
from pbx_rules.types import NUMBER, TEXT, Type
from pbx_rules.values import Value

_BY_LETTER = Cost(call=400, character=8)
_BY_CHARACTER = Cost(call=1_500, character=25)
"""Of what finds the characters as a reader sees them."""
SURE_TEXT = TEXT.not_blank()
LIST_OF_TEXTS = Type("list", of=SURE_TEXT)

_LETTERS_WITHOUT_ACCENT = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D"}
    | {"ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ł": "l", "Ł": "L", "ħ": "h", "Ħ": "H", "ı": "i"}
    | {"‘": "'", "’": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "…": "...", "\xa0": " "}
)


def _whole(number: Decimal) -> int:
    """Cut towards zero; 0 for what is negative."""
    return max(0, min(int(number), LONGEST_TEXT))


def _left(text: str, count: Decimal) -> str | None:
    return text_or_blank(cut(text, _whole(count)))


def _right(text: str, count: Decimal) -> str | None:
    wanted = _whole(count)
    return text_or_blank(text[end_of(text, max(0, length(text) - wanted)) :]) if wanted else None


def _mid(text: str, start: Decimal, count: Decimal) -> str | None:
    first = max(0, _whole(start) - 1)
    rest = text[end_of(text, first) :]
    return text_or_blank(cut(rest, _whole(count)))


def _length(text: str) -> Decimal:
    return Decimal(length(text))


def _title(text: str) -> str:
    """Each word's first letter large; `str.title` would write Müller's as Müller'S."""
    words = text.split(" ")
    return " ".join(word[:1].title() + word[1:].lower() for word in words)


def _replace(text: str, old: Any, new: str) -> str | None:
    if not isinstance(old, str):
        return text_or_blank(old.sub(_Replacement(new), text))
    if not old:
        return text
    check_length(len(text) + text.count(old) * (len(new) - len(old)))
    return text_or_blank(text.replace(old, new))


class _Replacement:
    """What stands in place of each match: `$1` to `$9` are the pattern's groups, `$0` the match, `$$` a dollar."""

    def __init__(self, new: str) -> None:
        self._first, *self._rest = new.replace("$$", "\0").split("$")
        self._made = 0

    def __call__(self, found: Any) -> str:
        text = self._first if not self._rest else self._filled((found.group(0), *found.groups()))
        self._made += len(text)
        check_length(self._made)
        return text.replace("\0", "$")

    def _filled(self, groups: tuple[str | None, ...]) -> str:
        return self._first + "".join([_expanded(piece, groups) for piece in self._rest])


def _expanded(piece: str, groups: tuple[str | None, ...]) -> str:
    digit = piece[:1]
    if not ("0" <= digit <= "9"):
        return "$" + piece
    number = int(digit)
    return (groups[number] or "" if number < len(groups) else "") + piece[1:]


def _before(text: str, separator: str) -> str | None:
    head, found, _ = text.partition(separator) if separator else ("", "", "")
    return text_or_blank(head) if found else None


def _after(text: str, separator: str) -> str | None:
    _, found, tail = text.partition(separator) if separator else ("", "", "")
    return text_or_blank(tail) if found else None


def _split(text: str, separator: Any) -> tuple[str, ...] | None:
    pieces = _pieces(text, separator)
    check_elements(len(pieces))
    return tuple(stripped for piece in pieces if (stripped := (piece or "").strip())) or None


def _pieces(text: str, separator: Any) -> list[str]:
    """No more than one too many."""
    if isinstance(separator, str):
        return text.split(separator, MOST_ELEMENTS) if separator else [text]
    return list(separator.split(text, MOST_ELEMENTS))


def _join(separator: str | None, *values: Value) -> str | None:
    texts: list[str] = []
    for value in values:
        elements = value if isinstance(value, tuple) else (value,)
        texts += [text for element in elements if (text := as_text(element)) is not None]
    return text_or_blank(join(separator or "", texts))


def _extract(text: str, pattern: Any) -> str | None:
    found = pattern.search(text)
    if found is None:
        return None
    groups = found.groups()
    return text_or_blank((groups[0] or "") if groups else found.group())


def _digits(text: str) -> str | None:
    return "".join([character for character in text if "0" <= character <= "9"]) or None


def _ascii(text: str) -> str | None:
    plain = normalized("NFKD", text.translate(_LETTERS_WITHOUT_ACCENT))
    return text_or_blank(plain.encode("ascii", "ignore").decode())


def _pad(text: str, count: Decimal, filler: str, side: str) -> str | None:
    missing = min(_whole(count), LONGEST_TEXT) - length(text)
    if missing <= 0 or not filler:
        return text
    padding = (filler * (missing // len(filler) + 1))[:missing] if filler.isascii() else _repeat(filler, missing)
    check_length(len(padding) + len(text))
    return padding + text if side == "left" else text + padding


def _repeat(filler: str, count: int) -> str:
    units = characters(filler)
    return "".join(units * (count // len(units)) + units[: count % len(units)])


def _side(side: str) -> str:
    if side.lower() not in ("left", "right"):
        raise ValueError('side is "left" or "right"')
    return side.lower()


_TEXT = Parameter("text")
_N = Parameter("n", "number", "how many characters")

FUNCTIONS = (
    Function(
        "trim",
        "text",
        "Without white space at both ends, and with single blanks between words.",
        (_TEXT,),
        SURE_TEXT,
        lambda text: " ".join(text.split()),
        (Example('trim("  Ann   Lee ")', '"Ann Lee"'),),
    ),
    Function(
        "lower",
        "text",
        "In small letters.",
        (_TEXT,),
        SURE_TEXT,
        str.lower,
        (Example('lower("ÄRZTE")', '"ärzte"'),),
    ),
    Function(
        "upper",
        "text",
        "In capital letters.",
        (_TEXT,),
        SURE_TEXT,
        str.upper,
        (Example('upper("straße")', '"STRASSE"'),),
    ),
    Function(
        "title",
        "text",
        "Each word with a capital first letter, the rest small.",
        (_TEXT,),
        SURE_TEXT,
        _title,
        cost=_BY_LETTER,
        examples=(Example('title("ann O\'NEILL")', '"Ann O\'neill"'),),
    ),
    Function(
        "left",
        "text",
        "The first `n` characters.",
        (_TEXT, _N),
        TEXT,
        _left,
        cost=_BY_CHARACTER,
        examples=(Example('left("Müller", 2)', '"Mü"'), Example('left("Ann", 0)', "blank")),
    ),
    Function(
        "right",
        "text",
        "The last `n` characters.",
        (_TEXT, _N),
        TEXT,
        _right,
        cost=Cost(call=3_000, character=50),
        examples=(Example('right("Müller", 3)', '"ler"'),),
    ),
    Function(
        "mid",
        "text",
        "`n` characters from `start` on; the first is number 1.",
        (_TEXT, Parameter("start", "number"), _N),
        TEXT,
        _mid,
        cost=Cost(call=3_000, character=50),
        examples=(Example('mid("Müller", 2, 3)', '"üll"'), Example('mid("Ann", 9, 3)', "blank")),
    ),
    Function(
        "length",
        "text",
        "How many characters a text has.",
        (_TEXT,),
        NUMBER.not_blank(),
        _length,
        cost=_BY_CHARACTER,
        examples=(Example('length("Zoë")', "3"), Example("length(blank)", "blank")),
    ),
    Function(
        "replace",
        "text",
        "With every `old` replaced by `new`. For a pattern, `$1` in `new` is its first group, `$0` the match.",
        (_TEXT, Parameter("old", "text or pattern", written=True), Parameter("new", written=True)),
        TEXT,
        _replace,
        cost=Cost(call=600, character=30),
        examples=(
            Example('replace("a-b-c", "-", " ")', '"a b c"'),
            Example('replace("Lee, Ann", /(\\w+), (\\w+)/, "$2 $1")', '"Ann Lee"'),
        ),
    ),
    Function(
        "before",
        "text",
        "What stands before the first `separator`; blank if it is not there.",
        (_TEXT, Parameter("separator", written=True)),
        TEXT,
        _before,
        (Example('before("ann@example.com", "@")', '"ann"'), Example('before("ann", "@")', "blank")),
    ),
    Function(
        "after",
        "text",
        "What stands after the first `separator`; blank if it is not there.",
        (_TEXT, Parameter("separator", written=True)),
        TEXT,
        _after,
        (Example('after("ann@example.com", "@")', '"example.com"'), Example('after("ann", "@")', "blank")),
    ),
    Function(
        "split",
        "text",
        "The pieces between the separators, trimmed, without the blank ones.",
        (_TEXT, Parameter("separator", "text or pattern", written=True)),
        LIST_OF_TEXTS,
        _split,
        cost=Cost(call=600, character=30),
        examples=(
            Example('split("a, b,,c", ",")', 'list("a", "b", "c")'),
            Example('split("a1b22c", /[0-9]+/)', 'list("a", "b", "c")'),
        ),
    ),
    Function(
        "join",
        "text",
        "All values, and all elements of lists, as one text with `separator` in between; blanks are left out.",
        (
            Parameter("separator", written=True, takes_blank=True),
            Parameter("values", "any", many=True, takes_blank=True),
        ),
        TEXT,
        _join,
        cost=Cost(element=50, character=2),
        examples=(
            Example('join(", ", "Lee", blank, "Ann")', '"Lee, Ann"'),
            Example('join("/", split("a b", " "), "c")', '"a/b/c"'),
            Example('join(", ", blank)', "blank"),
        ),
    ),
    Function(
        "extract",
        "text",
        "The first group of the pattern where it is found, or all of it if it has no group.",
        (_TEXT, Parameter("pattern", "pattern")),
        TEXT,
        _extract,
        cost=Cost(call=600),
        examples=(
            Example('extract("ann@example.com", /@(.+)$/)', '"example.com"'),
            Example('extract("Room 12", /[0-9]+/)', '"12"'),
            Example('extract("Room", /[0-9]+/)', "blank"),
        ),
    ),
    Function(
        "digits",
        "text",
        "Only the digits 0 to 9.",
        (_TEXT,),
        TEXT,
        _digits,
        cost=_BY_LETTER,
        examples=(Example('digits("+49 (0)991")', '"490991"'), Example('digits("x")', "blank")),
    ),
    Function(
        "ascii",
        "text",
        "Without accents and other signs beyond ASCII; ß becomes ss.",
        (_TEXT,),
        TEXT,
        _ascii,
        cost=Cost(call=1_200, character=20),
        examples=(Example('ascii("Groß-Çelik")', '"Gross-Celik"'), Example('ascii("漢")', "blank")),
    ),
    Function(
        "pad",
        "text",
        "Filled up to `n` characters.",
        (
            _TEXT,
            _N,
            Parameter("with", default="0", written=True),
            Parameter("side", default="left", literal=True, prepare=_side),
        ),
        SURE_TEXT,
        _pad,
        cost=Cost(call=3_000, character=50),
        examples=(Example('pad("7", 3)', '"007"'), Example('pad("ab", 4, with: ".", side: "right")', '"ab.."')),
    ),
)
