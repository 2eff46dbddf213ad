"""The strict parser: what is not a whole, harmless document is refused, whatever exchangelib would make of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pbx_exchange.wire.xml_parser import AnswerRefused, parse

PAGE = b"<e><i>1</i>" + b"".join(b"<i>%d \xc3\xa4</i>" % number for number in range(100)) + b"</e>"


def test_a_whole_answer_is_parsed() -> None:
    assert len(parse(PAGE)) == 101


@given(st.integers(min_value=1, max_value=len(PAGE) - 1))
def test_an_answer_cut_anywhere_is_refused(length: int) -> None:
    with pytest.raises(AnswerRefused):
        parse(PAGE[:length])


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<e>a\x00b\x08c\x1fd</e>", "abcd"),
        (b"<e>tab\tline\nend</e>", "tab\tline\nend"),
        (b"<e>a&#0;b&#x1F;c&#xFFFF;d&#x9;</e>", "abcd\t"),
        (b"<e>&#xD83D;&#xDEB2; &#55357;&#57010;</e>", "\U0001f6b2 \U0001f6b2"),
        (b"<e>a&#xD83D;b&#xDEB2;</e>", "ab"),
        (b"<e>a\xef\xbf\xbe\xef\xbf\xbfb\xed\xa0\xbdc</e>", "abc"),
        ("<e>\ufdd0 \ud7ff \ufffd</e>".encode(), "\ufdd0 \ud7ff \ufffd"),
        (b"<e>&amp;#0; stays</e>", "&#0; stays"),
        (b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><e>mark</e>", "mark"),
    ],
)
def test_characters_that_xml_forbids_are_taken_out(body: bytes, text: str) -> None:
    assert parse(body).text == text


LAUGHS = b"<!DOCTYPE e [<!ENTITY a 'ha'>" + b"".join(
    b"<!ENTITY %c '%b'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"<html><body>Log in<br></body></html>",
        b"no xml at all",
        b"<e/><e/>",
        b"<e>" * 10_000 + b"</e>" * 10_000,
        LAUGHS + b"]><e>&j;</e>",
        b"<!DOCTYPE e SYSTEM 'file:///etc/passwd'><e/>",
        b"<!DOCTYPE e [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><e>&x;</e>",
        b" " * 3000 + LAUGHS + b"]><e>&j;</e>",
        "<!DOCTYPE e [<!ENTITY x 'y'>]><e>&x;</e>".encode("utf-16"),
        b"<e>&undeclared;</e>",
        b"<e>\xff\xfe</e>",
    ],
)
def test_what_is_no_harmless_document_is_refused(body: bytes) -> None:
    with pytest.raises(AnswerRefused) as refusal:
        parse(body)
    assert "passwd" not in str(refusal.value)
