"""Tables of text: columns as wide as they need to be; where there is less room, cells are wrapped between words.

A word is broken only if it is longer than the whole line.

A cell is plain text, or a rich `Text` where something of it has a style: plain lines cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

Cell = str | Text

GAP = "   "
_WRAPPING = Console(width=10)


def in_columns(
    headings: Sequence[str], rows: Sequence[Sequence[Cell]], width: int, longest: int | None = None
) -> Iterator[Cell]:
    """A line of headings and one or more for each row; columns that are empty in all rows are left out.

    Words of more than `longest` columns may be broken. What fits in no way is shown row by row, a line a cell.
    """
    filled = [index for index in range(len(headings)) if any(row[index] for row in rows)]
    shown = [[row[index] for index in filled] for row in rows]
    heads = [headings[index] for index in filled]
    columns = list(zip(heads, *shown, strict=True))
    room = width - 1 - len(GAP) * (len(columns) - 1)
    widths = _widths(columns, room, longest or width)
    if widths is None:
        yield from _stacked(heads, shown, width)
    elif filled:
        yield from _table(heads, shown, widths)


def beside(lead: Cell, parts: Iterable[Cell], indent: int, width: int) -> Iterator[Cell]:
    """`lead` and the parts next to it: as many on a line as fit, each whole if that can be."""
    line, used = _padded(lead, indent), indent
    for number, part in enumerate(parts):
        pieces = wrapped(part, max(width - indent, 1))
        if number and used + 3 + cells(pieces[0]) <= width and len(pieces) == 1:
            line, used = joined(line, " · ", part), used + 3 + cells(part)
            continue
        for piece in pieces:
            if used > indent:
                yield line
                line = " " * indent
            line, used = joined(line, piece), indent + cells(piece)
    yield line


def cells(cell: Cell) -> int:
    """Columns of a terminal."""
    text = cell if isinstance(cell, str) else cell.plain
    return len(text) if text.isascii() else cell_len(text)


def wrapped(cell: Cell, width: int) -> Sequence[Cell]:
    if cells(cell) <= width:
        return (cell,)
    text = Text(cell) if isinstance(cell, str) else cell
    return [_without_blanks(line) for line in text.wrap(_WRAPPING, width, overflow="fold")] or ("",)


def joined(*parts: Cell) -> Cell:
    texts = [part for part in parts if isinstance(part, str)]
    return "".join(texts) if len(texts) == len(parts) else Text.assemble(*parts)


def _without_blanks(line: Text) -> Text:
    line.rstrip()
    return line


def _widths(columns: Sequence[Sequence[Cell]], room: int, longest: int) -> list[int] | None:
    """None if the longest words alone need more room than there is."""
    widths = [max(map(cells, column)) for column in columns]
    if sum(widths) <= room:
        return widths
    least = [min(max(map(_longest_word, column)), longest) for column in columns]
    if sum(least) > room:
        return None
    while (over := sum(widths) - room) > 0:  # the widest give way first, down to the next one
        spare = [have - need for have, need in zip(widths, least, strict=True)]
        widest = max((index for index in range(len(widths)) if spare[index]), key=lambda index: widths[index])
        others = [widths[index] for index in range(len(widths)) if index != widest and spare[index]]
        step = widths[widest] - max(others, default=0)
        widths[widest] -= min(over, spare[widest], max(step, 1))
    return widths


def _longest_word(cell: Cell) -> int:
    text = cell if isinstance(cell, str) else cell.plain
    return max(map(cells, text.split()), default=0)


def _table(heads: Sequence[str], rows: Sequence[Sequence[Cell]], widths: Sequence[int]) -> Iterator[Cell]:
    for line in _row(heads, widths):
        yield Text(str(line), style="bold")
    yield " " + "─" * (sum(widths) + len(GAP) * (len(widths) - 1))
    for row in rows:
        yield from _row(row, widths)


def _row(row: Sequence[Cell], widths: Sequence[int]) -> Iterator[Cell]:
    split = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
    for number in range(max(map(len, split))):
        line = [pieces[number] if number < len(pieces) else "" for pieces in split]
        padded = [_padded(cell, width) for cell, width in zip(line[:-1], widths, strict=False)]
        yield joined(" ", *(part for cell in padded for part in (cell, GAP)), line[-1])


def _padded(cell: Cell, width: int) -> Cell:
    return joined(cell, " " * (width - cells(cell)))


def _stacked(heads: Sequence[str], rows: Sequence[Sequence[Cell]], width: int) -> Iterator[Cell]:
    indent = max(map(cells, heads)) + 2
    for row in rows:
        for head, cell in zip(heads, row, strict=True):
            if cell:
                for number, piece in enumerate(wrapped(cell, max(width - indent, 1))):
                    yield joined(_padded("" if number else head, indent), piece)
        yield ""
