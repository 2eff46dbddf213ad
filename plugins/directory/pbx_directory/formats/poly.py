"""Poly (Polycom): the local directory file, and pages for the microbrowser."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from pbx_directory.characters import Limit, Unit
from pbx_directory.formats.format import Entrance, Rows
from pbx_directory.listing import Layout, Listed, Page, SearchForm
from pbx_directory.markup import DECLARATION, begin, branch, end, given, leaf

NAME = Limit(40, Unit.BYTES)
DOCTYPE = '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">\n'


def _row(row: Listed, _: int) -> str:
    names = given("ln", row.last_name(NAME)) + given("fn", row.first_name(NAME))
    return branch("item", names, leaf("ct", row.numbers[0].dialed))


POLY = Rows(
    name="poly",
    title="Poly and Polycom, local directory",
    head=lambda _: DECLARATION + begin("directory") + begin("item_list"),
    row=_row,
    tail=lambda _: end("item_list") + end("directory"),
    layout=Layout(numbers=1, labelled=True),
    distinct=True,
    file_name="000000000000-directory.xml",
)


def _html(title: str, body: str) -> str:
    return f"<html>\n<head>{leaf('title', title)}</head>\n<body>\n{body}</body>\n</html>\n"


def _html_head(page: Page) -> str:
    begun, _, _ = _html(page.title, "\0").partition("\0")
    return DOCTYPE + begun + "<ol>\n" + (_link(page.first, page.words.first) if page.first else "")


def _html_row(row: Listed, _: int) -> str:
    return _link(f"tel://{row.numbers[0].dialed}", row.shown())


def _html_tail(page: Page) -> str:
    nothing = "" if page.rows else leaf("li", page.words.nothing)
    following = _link(page.next, page.words.next) if page.next else ""
    return f"{nothing}{following}</ol>\n</body>\n</html>\n"


def _link(url: str, text: str) -> str:
    return f"<li><a href={quoteattr(url)}>{escape(text)}</a></li>\n"


def _html_form(form: SearchForm) -> str:
    """A form replaces what follows the question mark of its address by its own fields."""
    action, _, _ = form.url.partition("?")
    field = f'<label for="term">{escape(form.words.ask)}</label>\n<input type="text" name="term" id="term" size="15">\n'
    button = f'<input type="submit" value={quoteattr(form.words.search)}>\n'
    body = f'<form action={quoteattr(action)} method="get" accept-charset="utf-8">\n{field}{button}</form>\n'
    return DOCTYPE + _html(form.words.search, body)


POLY_BROWSER = Rows(
    name="poly-browser",
    title="Poly and Polycom, search in the microbrowser",
    head=_html_head,
    row=_html_row,
    tail=_html_tail,
    form=_html_form,
    layout=Layout(numbers=1, labelled=True),
    page_size=16,
    entrance=Entrance.FORM,
    content_type="text/html; charset=utf-8",
    file_ending="html",
)
