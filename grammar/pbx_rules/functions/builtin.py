"""All functions that ship with the language; a new family is a new module and one more line here."""

from __future__ import annotations

from pbx_rules.functions import choice, dates, lists, numbers, phone, text
from pbx_rules.functions.registry import Registry

BUILTIN = Registry(
    [
        *text.FUNCTIONS,
        *choice.FUNCTIONS,
        *lists.FUNCTIONS,
        *phone.FUNCTIONS,
        *dates.FUNCTIONS,
        *numbers.FUNCTIONS,
    ]
)
