"""A filter as a condition of the store, and as a judgement of the few entries that are no contacts.

A filter has three values (RFC 4511, 4.5.1.7): what is asked of an attribute that there is not, or by a rule that there
is not, is undefined, and so is its negation. Which parts are undefined shows in the filter alone. So negations are
pushed inwards, to the terms, and an undefined term never holds; what is left has two values, as the store has.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import assert_never

from pbx_connector.api import (
    AtLeast,
    AtMost,
    Condition,
    Equal,
    Every,
    Identified,
    Key,
    Labelled,
    Not,
    Present,
    Some,
    Substrings,
)
from pbx_directory.ldap.attributes import PERSON_CLASSES, Attribute, Holder, find_attribute, find_class
from pbx_directory.ldap.filters import And, Comparing, Comparison, Extensible, Filter, Held, Negation, Or, Pieces
from pbx_directory.ldap.numbers import NumberQuestions, is_number, prefixes
from pbx_directory.ldap.tree import entry_id

ALWAYS: Condition = Every(())
NEVER: Condition = Some(())
LONGEST = 1_000
"""Characters of a text that is compared: no entry has as many."""
_COMPARABLE, _SURELY_COMPARABLE = 200, 50
"""Characters that decide which of two texts comes first; of some there are many once their accents are taken off."""


class Undefined(Exception):
    """A term asks what has no answer."""


def condition_of(asked: Filter, numbers: NumberQuestions) -> Condition:
    """Raises what the phone book raises when numbers are looked up, and `TooMuch` if there are too many of them."""
    return _Conditions(numbers).of(asked, negated=False)


class _Conditions:
    def __init__(self, numbers: NumberQuestions) -> None:
        self._numbers = numbers

    def of(self, asked: Filter, *, negated: bool) -> Condition:
        match asked:
            case Negation(inner):
                return self.of(inner, negated=not negated)
            case And(filters) | Or(filters):
                every = isinstance(asked, And) is not negated
                parts = tuple(self.of(each, negated=negated) for each in filters)
                return Every(parts) if every else Some(parts)
        try:
            found = self._term(asked)
        except Undefined:
            return NEVER
        return Not(found) if negated else found

    def _term(self, asked: Comparison | Pieces | Held | Extensible) -> Condition:
        if isinstance(asked, Extensible) or (attribute := find_attribute(asked.attribute)) is None:
            raise Undefined
        if isinstance(asked, Held):
            return _held(attribute)
        if isinstance(asked, Comparison):
            return self._compared(attribute, asked.kind, _value(asked.value))
        return self._pieces(attribute, *map(_text, (asked.initial, asked.final, *asked.within)))

    def _compared(self, attribute: Attribute, kind: Comparing, value: str) -> Condition:
        if attribute.is_number:
            return self._number(attribute, kind, value)
        if attribute.key is None:
            return _special(attribute, kind, value)
        if kind is Comparing.AT_LEAST:
            return AtLeast(attribute.key, _beginning(value))
        if kind is Comparing.AT_MOST:
            return AtMost(attribute.key, _beginning(value))
        return NEVER if is_endless(value) else Equal(attribute.key, value)

    def _number(self, attribute: Attribute, kind: Comparing, value: str) -> Condition:
        if not is_number(value):
            return NEVER
        key = attribute.key or Key.PHONE
        if kind is Comparing.AT_LEAST or kind is Comparing.AT_MOST:
            compare = AtLeast if kind is Comparing.AT_LEAST else AtMost
            return _of(attribute, compare(key, value))
        ids, notations = self._numbers.owners_of(value, key)
        return _of(attribute, Some((Identified(ids), *[Equal(key, each) for each in notations])))

    def _pieces(self, attribute: Attribute, initial: str, final: str, *within: str) -> Condition:
        pieces = (initial, *within, final)
        if attribute.is_number:
            return _of(attribute, self._number_pieces(attribute.key or Key.PHONE, pieces))
        if attribute.is_ is Holder.LABEL:
            return _labels_begin(initial, final, *within)
        if attribute.key is None:
            if attribute.is_ is Holder.FOLDER:
                return NEVER
            raise Undefined
        if any(map(is_endless, pieces)):
            return NEVER
        # blanks at the very beginning and end do not count (RFC 4518, 2.6.1)
        initial, final = initial.lstrip(), final.rstrip()
        if not any((initial, *within, final)):
            return Present(attribute.key)
        return Substrings(attribute.key, initial, tuple(within), final)

    def _number_pieces(self, key: Key, pieces: Sequence[str]) -> Condition:
        """What stands first may be the beginning of a number as people dial it, which the phone book writes in
        another way."""
        if not all(is_number(piece) for piece in pieces if piece):
            return NEVER
        first = next((place for place, piece in enumerate(pieces) if piece), None)
        if first is None:
            return Present(key)
        rest = tuple(pieces[first + 1 : -1])
        final = pieces[-1] if first < len(pieces) - 1 else ""
        as_asked = Substrings(key, pieces[0], tuple(pieces[1:-1]), pieces[-1])
        begun = [Substrings(key, each, rest, final) for each in prefixes(pieces[first], self._numbers.form)]
        if first == len(pieces) - 1:  # the end is all that there is, so what it begins with is the whole number
            begun = [Substrings(key, each.initial, (), "") for each in begun if len(each.initial) > len(pieces[first])]
        return Some((as_asked, *begun))


def _held(attribute: Attribute) -> Condition:
    match attribute.is_:
        case Holder.ID | Holder.CLASS:
            return ALWAYS
        case Holder.LABEL:
            return Labelled()
        case Holder.INTERNAL:
            return _of(attribute, Present(Key.PHONE))
        case Holder.FOLDER:
            return NEVER
        case Holder.NOTES:
            raise Undefined
        case key:
            return Present(key)


def _of(attribute: Attribute, condition: Condition) -> Condition:
    """An internal number is a telephone that does not begin with a plus sign."""
    if attribute.is_ is not Holder.INTERNAL:
        return condition
    return Every((condition, Not(Substrings(Key.PHONE, initial="+"))))


def _special(attribute: Attribute, kind: Comparing, value: str) -> Condition:
    if kind in (Comparing.AT_LEAST, Comparing.AT_MOST):
        raise Undefined
    match attribute.is_:
        case Holder.ID:
            number = entry_id(value.strip())
            return NEVER if number is None else Identified(frozenset({number}))
        case Holder.CLASS:
            return ALWAYS if _known_class(value) in PERSON_CLASSES else NEVER
        case Holder.LABEL:
            return _labelled(value)
        case Holder.FOLDER:
            return NEVER
    raise Undefined


def _known_class(value: str) -> str:
    """A class that there is not is none that an entry could lack."""
    found = find_class(value.strip())
    if found is None:
        raise Undefined
    return found


def _labelled(value: str) -> Condition:
    """`name: value`; either may have a colon in it."""
    places = [place for place, character in enumerate(value[:LONGEST]) if character == ":"]
    found = [Labelled(value[:place].strip(), value[place + 1 :].strip()) for place in places]
    return NEVER if is_endless(value) else Some(tuple(found))


def _labels_begin(initial: str, *others: str) -> Condition:
    """`name:*` finds who carries a label of that name; nothing else is looked for in labels."""
    if any(others) or not initial.rstrip().endswith(":") or is_endless(initial):
        raise Undefined
    return Labelled(initial.rstrip()[:-1].strip())


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise Undefined from error


def _value(value: bytes) -> str:
    """None is empty (RFC 4517, 3.3.6), so nothing can be compared with that."""
    if not value:
        raise Undefined
    return _text(value)


def _beginning(value: str) -> str:
    begun = value[:_COMPARABLE]
    return begun[:_SURELY_COMPARABLE] if is_endless(begun) else begun


def is_endless(text: str) -> bool:
    """Longer than any text of an entry; some characters are several once their accents are taken off."""
    return len(text) > LONGEST or len(unicodedata.normalize("NFKD", text.casefold())) > LONGEST


# --- entries that are no contacts -----------------------------------------------------------------------------------


def holds(asked: Filter, attributes: Mapping[str, Sequence[str]]) -> bool | None:
    """Whether it holds for an entry of these attributes, by their canonical names; None: undefined."""
    match asked:
        case And(filters):
            return _all([holds(each, attributes) for each in filters])
        case Or(filters):
            return _not(_all([_not(holds(each, attributes)) for each in filters]))
        case Negation(inner):
            return _not(holds(inner, attributes))
        case Extensible():
            return None
        case Comparison() | Pieces() | Held():
            attribute = find_attribute(asked.attribute)
            values = attributes.get(attribute.name if attribute else asked.attribute, ())
            if attribute is None and not values:
                return None
            return _has(asked, attribute, [_squeezed(value) for value in values])
    assert_never(asked)


def _has(asked: Comparison | Pieces | Held, attribute: Attribute | None, values: Sequence[str]) -> bool | None:
    if isinstance(asked, Held):
        return bool(values) if attribute is None or attribute.is_ is not Holder.NOTES else None
    try:
        if isinstance(asked, Comparison):
            return _compares(asked.kind, attribute, values, _value(asked.value))
        pieces = [_text(piece) for piece in (asked.initial, *asked.within, asked.final)]
    except Undefined:
        return None
    if attribute is not None and attribute.is_ in (Holder.ID, Holder.CLASS, Holder.NOTES, Holder.LABEL):
        return None
    return any(_has_pieces(value, pieces) for value in values)


def _compares(kind: Comparing, attribute: Attribute | None, values: Sequence[str], value: str) -> bool | None:
    ordered = kind in (Comparing.AT_LEAST, Comparing.AT_MOST)
    if attribute is not None and (attribute.is_ is Holder.NOTES or (ordered and isinstance(attribute.is_, Holder))):
        return None
    if attribute is not None and attribute.is_ is Holder.CLASS:
        value = _known_class(value)
    return _squeezed(value) in values if not ordered else any(values) and None


def _has_pieces(value: str, pieces: Sequence[str]) -> bool:
    initial, *within, final = map(_squeezed, pieces)
    if not value.startswith(initial):
        return False
    place, end = len(initial), len(value) - len(final)
    for piece in within:
        found = value.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return place <= end and value.endswith(final)


def _all(values: Sequence[bool | None]) -> bool | None:
    if False in values:
        return False
    return None if None in values else True


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _squeezed(text: str) -> str:
    return " ".join(text.casefold().split())
