"""A profile's place in memory that another one takes over: its books, runs, journal and plans."""

from __future__ import annotations

from dataclasses import replace

from pbx_connector.stores.memory.state import Line, Run, State


def hand_over(state: State, old: str, new: str) -> None:
    """All but the entries, which `stores.adoption` has merged before."""
    _merge_books(state, old, new)
    left = state.profiles.pop(old)
    known = state.profiles.get(new, replace(left, file=None))
    state.profiles[new] = replace(known, held=left.held or known.held)
    state.books = {
        number: replace(book, profile=new) if book.profile == old else book for number, book in state.books.items()
    }
    state.runs = {number: _handed_over(run, old, new) for number, run in state.runs.items()}
    state.journal = {
        number: tuple(_renamed(line, old, new) for line in lines) for number, lines in state.journal.items()
    }
    state.plans = {
        number: (replace(kept, profile=new if kept.profile == old else kept.profile), changes)
        for number, (kept, changes) in state.plans.items()
    }


def _merge_books(state: State, old: str, new: str) -> None:
    """What both have read is one book, with the rows of both, and read anew."""
    for dropped, mine in list(state.books.items()):
        kept = state.book(old, mine.book.id) if mine.profile == new else None
        if kept is None:
            continue
        for entry, held in list(state.entries.items()):
            if held.source and held.source.book in (kept, dropped):
                state.entries[entry] = replace(held, source=replace(held.source, book=kept, version=""))
        for place, note in list(state.notes.items()):
            if place[0] == kept:
                state.notes[place] = replace(note, version="")
        state.forget_books({dropped})
        state.books[kept] = replace(state.books[kept], checkpoint=None)


def _handed_over(run: Run, old: str, new: str) -> Run:
    report = run.record.report
    if report.profile != old:
        return run
    return replace(run, record=replace(run.record, report=replace(report, profile=new)))


def _renamed(line: Line, old: str, new: str) -> Line:
    """What was removed comes back to who took over."""
    origin = line.line.origin
    if origin is None or origin.profile != old:
        return line
    return replace(line, line=replace(line.line, origin=replace(origin, profile=new)))
