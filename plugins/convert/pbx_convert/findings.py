"""What a conversion has to tell: where the rule can give something else than PHP gave, and what it could not say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a rule can differ from the PHP that it was made from."""

    CASE = "case"
    EMPTY = "empty"
    PRESENT = "present"
    LOOSE = "loose"
    CHARACTERS = "characters"
    PIECES = "pieces"
    SPACES = "spaces"
    LIST = "list"
    TITLE = "title"
    FIRST = "first"
    LINE_END = "line-end"
    ESCAPES = "escapes"
    YES_NO = "yes-no"
    WHITE_SPACE = "white-space"
    KEY = "key"


MEANING = {
    Kind.CASE: "PHP tells capital letters from small ones here; the rule does not",
    Kind.EMPTY: 'PHP takes the text "0" for nothing; the rule takes it for a value',
    Kind.PRESENT: "PHP asks whether the field is there, even if it is empty; the rule asks whether it has a value",
    Kind.LOOSE: 'PHP compares what looks like numbers as numbers ("1" == "01"); the rule compares the text',
    Kind.CHARACTERS: "PHP counts and changes bytes, and can cut an umlaut in half; the rule counts characters",
    Kind.PIECES: "PHP keeps empty pieces and elements, and blanks around pieces; the rule leaves them out",
    Kind.SPACES: "the rule also makes one blank of several inside the text",
    Kind.LIST: "a field that has a list already is that list here; PHP would put it into another list",
    Kind.TITLE: "the rule makes the letters after the first of each word small",
    Kind.FIRST: "where the first hit comes out empty, PHP takes that; the rule goes on",
    Kind.LINE_END: "`$` matches before a line break at the very end in PHP; here it matches at the very end only",
    Kind.ESCAPES: "left out: values go into records as values here, so quotes and backslashes need no escaping",
    Kind.YES_NO: "the rule has 1 where this condition holds, and nothing where not; PHP has true or 1, and false or 0",
    Kind.WHITE_SPACE: "a text of nothing but white space is blank here, at every step of a rule",
    Kind.KEY: "each repeated entry needs a key of its own: check that what stands there tells them apart",
}


@dataclass(frozen=True, slots=True)
class Note:
    """A difference. `what` is the variable, `pre filter` or `structure`; lines count from 1 in its own text."""

    kind: Kind
    what: str
    line: int

    @property
    def message(self) -> str:
        return MEANING[self.kind]


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What has no counterpart; the profile has the original text in its place, and does not pass the check."""

    what: str
    line: int
    reason: str
    text: str
    """The original's."""


class CannotSay(Exception):
    """Raised where PHP has something that rules do not have; whoever asked for the rule says so."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
