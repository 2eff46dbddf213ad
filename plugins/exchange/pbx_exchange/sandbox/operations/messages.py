"""One request names many folders or items, and each gets a message of its own: done, or what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from lxml import etree

from pbx_exchange.sandbox.soap import EwsError, SoapFault, write_error


def answer_each(
    operation: str,
    elements: Iterable[etree._Element],
    answer: Callable[[etree._Element], str],
    on_error: str = "",
) -> list[str]:
    """`on_error` is what the schema requires of an error message besides the error."""
    return [answer_one(operation, partial(answer, element), on_error) for element in elements]


def answer_one(operation: str, answer: Callable[[], str], on_error: str = "") -> str:
    try:
        return answer()
    except SoapFault:
        raise
    except EwsError as error:
        return write_error(operation, error, on_error)
