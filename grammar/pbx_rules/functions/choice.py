"""Choosing between values. These three evaluate only what they choose, so `check.forms` knows each by name."""

from __future__ import annotations

from pbx_rules.functions.registry import Example, Function, Parameter
from pbx_rules.types import ANY


def _never_called(*_: object) -> None:
    raise AssertionError("a form is checked into a node of its own")


FUNCTIONS = (
    Function(
        "if",
        "choice",
        "`then` where the condition holds, `otherwise` where it does not (or is blank).",
        (
            Parameter("condition", "yes/no"),
            Parameter("then", "any"),
            Parameter("otherwise", "any", default=None),
        ),
        ANY,
        _never_called,
        (
            Example('if("VIP" is "vip", "yes", "no")', '"yes"'),
            Example('if(blank is "x", "yes")', "blank"),
        ),
        form="if",
    ),
    Function(
        "switch",
        "choice",
        "The value beside the first literal that the subject equals, without case; else what stands after `else:`.",
        (
            Parameter("subject", "any"),
            Parameter("cases", "any", "`literal: value`, and at the end `else: value`", many=True),
        ),
        ANY,
        _never_called,
        (
            Example('switch("germany", "Germany": "DE", "Austria": "AT", else: "??")', '"DE"'),
            Example('switch(blank, "Germany": "DE", else: "??")', '"??"'),
            Example('switch("France", "Germany": "DE")', "blank"),
        ),
        form="switch",
    ),
    Function(
        "lookup",
        "choice",
        "What a table of the profile has beside the key, without case; blank if the key is not there.",
        (
            Parameter("table", "any", "the name of one of the profile's `tables:`"),
            Parameter("key", "text"),
        ),
        ANY,
        _never_called,
        (
            Example('lookup(departments, "10")', '"Sales"'),
            Example('lookup(departments, "99") else "none"', '"none"'),
        ),
        form="lookup",
    ),
)
