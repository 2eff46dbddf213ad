"""The bounds of one row: whatever the rules and whatever the row, the work ends and the memory is bounded.

Work is counted, not timed: a unit stands for some ten nanoseconds of an ordinary machine, so `MOST_WORK` for about a
second. What is read and made is charged before it is done, by `Cost`; what short values cost is part of what
`backends.costs` charges for the rules themselves. Nobody measures time while rules run: a row is refused everywhere or
nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_TEXT = 1_000_000
"""Characters of one field, and of one text that rules make."""
MOST_WORK = 100_000_000
"""Units of work for one row."""
MOST_RECORDS = 1_000
"""Records that one row may make."""
MADE = 10
"""Units for each character of a text that is made; so all texts that a row makes have ten million at most."""
SHORT = 64
"""Characters of a text that costs nothing of its own, whether it is read or made."""
MOST_ELEMENTS = 200_000
"""Elements of one list."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading values costs, in units of work."""

    call: int = 100
    """Once, with values that are short."""
    character: int = 5
    """For each character of a text that is longer than `SHORT`, in lists and records, too."""
    element: int = 100
    """For each element of a list or part of a record; 0 only where lists are not read through."""
    longest: int = LONGEST_TEXT
    """Characters after which nothing reads on."""
    accented: int = 1
    """How many times as dear a text with other letters than ASCII's is."""

    @property
    def grows(self) -> bool:
        """Whether long values cost more than short ones."""
        return bool(self.character or self.element)


DEFAULT = Cost()
COMPARED = Cost(accented=5)
"""Texts are folded before they are compared or looked up; marks, which are put in order for it, are the dearest."""
CONVERTED = Cost(call=50, character=2, element=50)


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
    """Counts what one row costs, beginning with what the rules cost whatever the row holds."""

    __slots__ = ("left",)

    def __init__(self, fixed: int = 0) -> None:
        self.left = MOST_WORK - fixed
        if self.left < 0:
            raise RowRefused("R0806", "these rules are too much work for one row", hint="divide the profile")

    def spend(self, amount: int) -> None:
        """Raises `RowRefused` when the row has used up its share."""
        self.left -= amount
        if self.left < 0:
            raise RowRefused(
                "R0806", "this row makes the rules work too long", hint="the lists or texts of this row are huge"
            )

    def pay(self, cost: Cost, *values: object) -> bool:
        """Called before the values are read. Gives True, so that compiled code can go on in the same expression."""
        for value in values:
            if value.__class__ is str:
                self._pay_text(cost, value)
            elif isinstance(value, tuple):
                self.spend(cost.element * len(value))
                if cost.character:
                    self._pay_elements(cost, value)
            elif isinstance(value, Mapping):
                self.spend(cost.element * len(value))
                self.pay(cost, *value.values())
        return True

    def _pay_elements(self, cost: Cost, values: tuple[object, ...]) -> None:
        """Also for short texts with other letters than ASCII's, as there may be so many of them."""
        for value in values:
            if not isinstance(value, str):
                self.pay(cost, value)
            elif value.isascii() or len(value) > SHORT:
                self._pay_text(cost, value)
            else:
                self.spend(cost.character * len(value))

    def _pay_text(self, cost: Cost, text: str) -> None:
        if len(text) > SHORT:
            dear = 1 if text.isascii() else cost.accented
            self.spend(dear * cost.character * min(len(text), cost.longest))

    def scan(self, value: object, weight: int) -> None:
        """A pattern is sought in a text, or in each element of a list."""
        elements = value if isinstance(value, tuple) else (value,)
        self.spend(COMPARED.element * len(elements))
        characters = sum(len(element) for element in elements if isinstance(element, str))
        self.spend(weight * characters)

    def made(self, text: str) -> str:
        """The text itself, paid for."""
        check_length(len(text))
        self.spend(MADE * len(text))
        return text
