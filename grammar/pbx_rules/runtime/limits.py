"""The bounds of one row: whatever the rules and whatever the row, the work ends and the memory is bounded."""

from __future__ import annotations

LONGEST_TEXT = 1_000_000
"""Characters of one field, and of one text that rules make."""
MOST_WORK = 2_000_000
"""Steps of `each` plus characters of long texts made, for one row."""
MOST_RECORDS = 1_000
"""Records that one row may make."""
SCANNED_A_STEP = 20
"""Characters times weight of the pattern that a search may cost for one step of work."""
FREE_TEXT = 256
"""A text that is made costs nothing up to this length."""
MOST_ELEMENTS = 200_000
"""Elements of one list."""


class RowRefused(Exception):
    """Ends the work on a row; the program answers with a finding of that code."""

    def __init__(self, code: str, message: str, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint


def check_length(length: int) -> None:
    """Called before a text of that length is made. Raises `RowRefused` if it would be too long."""
    if length > LONGEST_TEXT:
        raise RowRefused("R0806", f"the rules make a text of {length} characters", hint=f"{LONGEST_TEXT} are allowed")


def check_elements(count: int) -> None:
    """Called before a list of that many elements is made. Raises `RowRefused` if there are too many."""
    if count > MOST_ELEMENTS:
        raise RowRefused("R0806", f"the rules make a list of {count} elements", hint=f"{MOST_ELEMENTS} are allowed")


class Work:
    """Counts what one row costs."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_WORK

    def spend(self, amount: int) -> None:
        """Raises `RowRefused` when the row has used up its share."""
        self.left -= amount
        if self.left < 0:
            raise RowRefused(
                "R0806", "this row makes the rules work too long", hint="the lists or texts of this row are huge"
            )

    def scan(self, value: object, weight: int) -> None:
        """A pattern is sought in a text, or in each element of a list."""
        elements = value if isinstance(value, tuple) else (value,)
        characters = sum(len(element) for element in elements if isinstance(element, str))
        self.spend(weight * characters // SCANNED_A_STEP)

    def made(self, text: str) -> str:
        """The text itself, paid for."""
        check_length(len(text))
        self.spend(len(text))
        return text
