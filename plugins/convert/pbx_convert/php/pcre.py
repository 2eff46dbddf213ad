"""Patterns of PHP, read and written again for RE2, which has no look-around and no back references, and so cannot hang.

Read as PCRE reads them: by bytes, where the pattern has no flag `u`, which for ASCII is the same as by characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from pbx_convert.findings import CannotSay
from pbx_convert.terms import Pattern

LONGEST = 600
DEEPEST = 20
_ENDS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r" \t\n\f\r\x0b", "h": r" \t"}
_LITERAL = {"t": r"\t", "n": r"\n", "r": r"\r", "f": r"\f", "e": r"\x1b", "a": r"\x07"}
_LOOKS = ("?=", "?!", "?<=", "?<!")
_REPEAT = re.compile(r"\{\d{1,3}(,\d{0,3})?\}|[*+?]", re.ASCII)
_SPECIAL = set(r"\.+*?()|[]{}^$/")


@dataclass(frozen=True)
class Read:
    """`source` has its groups as they were; `may_be_empty` if it can match nothing."""

    source: str
    ignore_case: bool
    groups: int
    may_be_empty: bool
    by_bytes: bool
    """Whether bytes and characters make a difference to it."""
    has_end: bool
    """Whether it has a `$`."""

    @property
    def pattern(self) -> Pattern:
        return Pattern(self.source, self.ignore_case)


def divided(literal: str) -> tuple[str, str]:
    """The pattern between its delimiters, and the flags behind them."""
    text = literal.lstrip()
    if not text or text[0].isalnum() or text[0] in "\\\0":
        raise CannotSay("a pattern without delimiters")
    end = text.rfind(_ENDS.get(text[0], text[0]))
    if end < 1:
        raise CannotSay("a pattern without its last delimiter")
    body, flags = text[1:end], text[end + 1 :].strip()
    delimiter = text[0]
    if delimiter not in _SPECIAL:
        body = body.replace("\\" + delimiter, delimiter)
    return body, flags


def read(literal: str) -> Read:
    return _read(*divided(literal))


@lru_cache(maxsize=500)
def _read(body: str, flags: str, keep: int | None = None) -> Read:
    unknown = set(flags) - set("iusmDS")
    if unknown:
        raise CannotSay(f"the flag {min(unknown)} of a pattern has no counterpart")
    if len(body) > LONGEST:
        raise CannotSay("this pattern is too long")
    reader = _Reader(body, unicode="u" in flags, keep=keep)
    source, empty = reader.alternatives(0)
    if reader.at < len(body):
        raise CannotSay("this pattern has a parenthesis too many")
    inline = "".join(flag for flag in "sm" if flag in flags)
    source = (f"(?{inline})" if inline else "") + (f"({source})" if keep == 0 else source)
    ends = reader.has_end and "D" not in flags and "m" not in flags
    by_bytes = reader.by_bytes and "u" not in flags
    return Read(source, "i" in flags, reader.groups, empty, by_bytes, ends)


def group(body: str, flags: str, number: int) -> Pattern:
    """The pattern with this group as its first; 0 is all that it matches."""
    found = _read(body, flags, number)
    if number > found.groups:
        raise CannotSay(f"the pattern has no group {number}")
    return found.pattern


class _Reader:
    def __init__(self, body: str, *, unicode: bool, keep: int | None) -> None:
        self._body = body
        self._unicode = unicode
        self._keep = keep
        self.at = 0
        self.groups = 0
        self.by_bytes = not body.isascii()
        self.has_end = False

    def alternatives(self, depth: int) -> tuple[str, bool]:
        """Up to a closing parenthesis or the end, and whether it can match nothing."""
        if depth > DEEPEST:
            raise CannotSay("this pattern is too deeply nested")
        found = [self._sequence(depth)]
        while self._peek() == "|":
            self.at += 1
            found.append(self._sequence(depth))
        return "|".join(source for source, _ in found), any(empty for _, empty in found)

    def _peek(self, count: int = 1) -> str:
        return self._body[self.at : self.at + count]

    def _sequence(self, depth: int) -> tuple[str, bool]:
        made, all_empty = [], True
        while self._peek() not in ("", "|", ")"):
            source, empty, repeatable = self._atom(depth)
            repeat, optional = self._repeat()
            if repeat and not repeatable:
                raise CannotSay("this pattern repeats what cannot be repeated")
            made.append(source + repeat)
            all_empty = all_empty and (empty or optional)
        return "".join(made), all_empty

    def _repeat(self) -> tuple[str, bool]:
        found = _REPEAT.match(self._body, self.at)
        if not found:
            return "", False
        self.at = found.end()
        repeat = found[0]
        if self._peek() == "?":
            self.at += 1
            repeat += "?"
        elif self._peek() == "+":
            raise CannotSay("possessive repetition does not exist here")
        if _REPEAT.match(self._body, self.at):
            raise CannotSay("this pattern repeats a repetition")
        return repeat, repeat[0] in "*?" or repeat.startswith(("{0,", "{0}"))

    def _atom(self, depth: int) -> tuple[str, bool, bool]:
        """What it is, whether it can match nothing, and whether it can be repeated."""
        sign = self._peek()
        if sign == "(":
            return self._group(depth)
        if sign == "[":
            return self._class(), False, True
        if sign == "\\":
            return self._escape()
        self.at += 1
        if sign in "^$":
            self.has_end = self.has_end or sign == "$"
            return sign, True, False
        if sign == ".":
            self.by_bytes = True
            return sign, False, True
        if sign in "*+?":
            raise CannotSay("this pattern repeats nothing")
        return _literal(sign), False, True

    def _group(self, depth: int) -> tuple[str, bool, bool]:
        self.at += 1
        if self._peek() == "*":
            raise CannotSay("verbs of a pattern do not exist here")
        start = self._group_start() if self._peek() == "?" else self._numbered()
        source, empty = self.alternatives(depth + 1)
        if self._peek() != ")":
            raise CannotSay("this pattern lacks a parenthesis")
        self.at += 1
        return f"{start}{source})", empty, True

    def _numbered(self) -> str:
        self.groups += 1
        return "(" if self._keep in (None, self.groups) else "(?:"

    def _group_start(self) -> str:
        rest = self._body[self.at :]
        if rest.startswith(_LOOKS):
            raise CannotSay("look-ahead and look-behind do not exist here")
        if rest.startswith("?:"):
            self.at += 2
            return "(?:"
        if name := re.match(r"\?P?<[A-Za-z_]\w*>|\?'[A-Za-z_]\w*'", rest, re.ASCII):
            self.at += name.end()
            return self._numbered()
        if flags := re.match(r"\?([ims]+):", rest):
            self.at += flags.end()
            return f"(?{flags[1]}:"
        raise CannotSay("such a group does not exist here")

    def _class(self) -> str:
        self.at += 1
        made = "["
        if self._peek() == "^":
            self.at += 1
            made, self.by_bytes = "[^", True
        first = True
        while self._peek() != "]" or first:
            if self.at >= len(self._body):
                raise CannotSay("this pattern lacks a `]`")
            made += self._in_class()
            first = False
        self.at += 1
        return made + "]"

    def _in_class(self) -> str:
        if self._peek() == "\\":
            return self._escape_in_class()
        if named := re.compile(r"\[:\^?[a-z]+:\]").match(self._body, self.at):
            self.at = named.end()
            return named[0]
        sign = self._peek()
        self.at += 1
        return sign if sign == "-" else _literal(sign)

    def _escape_in_class(self) -> str:
        sign = self._peek(2)[1:]
        if sign in _CLASSES and not (self._unicode and sign != "h"):
            self.at += 2
            return _CLASSES[sign]
        if sign in ("d", "w", "s") or sign in _LITERAL:
            self.at += 2
            return _LITERAL.get(sign) or f"\\{sign}"
        return self._character()

    def _escape(self) -> tuple[str, bool, bool]:
        sign = self._peek(2)[1:]
        if sign.lower() in _CLASSES:
            self.at += 2
            negated = sign.isupper()
            self.by_bytes = self.by_bytes or negated
            if self._unicode and sign.lower() != "h":
                return f"\\{sign}", False, True
            return f"[{'^' if negated else ''}{_CLASSES[sign.lower()]}]", False, True
        if sign in ("b", "B", "A", "z"):
            self.at += 2
            self.by_bytes = self.by_bytes or sign in "bB"
            if self._unicode and sign in "bB":
                raise CannotSay(f"\\{sign} goes by the letters a to z here")
            return f"\\{sign}", True, False
        if sign == "Z":
            self.at += 2
            return r"\n?\z", True, False
        if sign == "R":
            self.at += 2
            return r"(?:\r\n|[\n\r\f\x0b])", False, True
        if self._unicode and (found := re.compile(r"\\[pP](?:[A-Z]|\{[A-Z][a-z]?\})").match(self._body, self.at)):
            self.at = found.end()
            return found[0], False, True
        if sign in _LITERAL:
            self.at += 2
            return _LITERAL[sign], False, True
        return self._character(), False, True

    def _character(self) -> str:
        """An escaped sign, or one by its number."""
        number = re.compile(r"\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{1,2}))").match(self._body, self.at)
        if number:
            self.at = number.end()
            code = int(number[1] or number[2], 16)
            if not 0 < code < (0x110000 if self._unicode else 0x80) or 0xD800 <= code < 0xE000:
                raise CannotSay("single bytes do not exist in patterns here")
            return _literal(chr(code))
        sign = self._peek(2)[1:]
        if not sign or sign.isalnum():
            reason = (
                "back references do not exist here" if sign.isdigit() else f"\\{sign} does not exist in patterns here"
            )
            raise CannotSay(reason)
        self.at += 2
        return f"\\{sign}" if sign in "-" else _literal(sign)


def _literal(sign: str) -> str:
    if sign in _SPECIAL:
        return f"\\{sign}"
    if ord(sign) < 32 or ord(sign) == 127:
        return f"\\x{ord(sign):02x}"
    return sign


def replacement(text: str, groups: int) -> str:
    """What stands in place of a match, with `$1` for the first group."""
    made, at = "", 0
    for found in re.finditer(r"\$\{(\d{1,2})\}|[$\\](\d{1,2})", text, re.ASCII):
        number = int(found[1] or found[2])
        if number > min(groups, 9):
            raise CannotSay(f"the pattern has no group {number}")
        made += text[at : found.start()].replace("$", "$$") + f"${number}"
        at = found.end()
    return made + text[at:].replace("$", "$$").replace("\\\\", "\\")
