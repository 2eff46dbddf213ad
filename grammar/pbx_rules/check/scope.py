"""The names that an expression can use, and the place where findings go; every module of `check` is handed one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pbx_rules.diagnostics import Findings, Note, Span
from pbx_rules.document import Scalar
from pbx_rules.functions.registry import Registry
from pbx_rules.syntax.tree import At
from pbx_rules.types import Type
from pbx_rules.values import Value


@dataclass(slots=True)
class Defined:
    """A variable: its type so far known, and whether something uses it."""

    type: Type
    span: Span
    used: bool = False


@dataclass(frozen=True, slots=True)
class Around:
    """A loop variable that is in reach."""

    slot: str
    type: Type


@dataclass
class Names:
    """All that a profile's expressions can name; one for the whole profile, filled while it is checked."""

    fields: Mapping[str, Type]
    closed: bool
    functions: Registry
    tables: Mapping[str, Mapping[str, Value]]
    region: str | None
    later: Mapping[str, Span]
    """Every variable that the rules define anywhere."""
    texts: Mapping[str, str]
    """For fields that are records: the field that has the record as a text."""
    tables_known: bool = True
    """False: the profile has tables that could not be read."""
    variables: dict[str, Defined] = field(default_factory=dict)
    used_fields: dict[str, Type] = field(default_factory=dict)
    known_not_blank: set[str] = field(default_factory=set)
    """Fields (as `[X]`) and variables that a `keep` or `skip` above has shown not to be blank."""
    raw: set[str] = field(default_factory=set)
    """Variables that are source fields as they stand."""
    without_region: dict[str, Span] = field(default_factory=dict)
    """Where the profile names no region: the first place that numbers without a country code are read, or stored."""
    slots: int = 0
    patterns: dict[tuple[str, str], int] = field(default_factory=dict)
    """The size of each pattern, by source and flags."""


class Scope:
    """The names as seen from one text (the rules block, or one value of the structure), and its findings."""

    def __init__(self, names: Names, scalar: Scalar, findings: Findings) -> None:
        self.names = names
        self.loops: dict[str, Around] = {}
        self._scalar = scalar
        self._findings = findings

    def within(self, scalar: Scalar) -> Scope:
        """The same names, loop variables among them, for another text."""
        other = Scope(self.names, scalar, self._findings)
        other.loops = dict(self.loops)
        return other

    def span(self, at: At) -> Span:
        return self._scalar.span_at(*at)

    def text(self, at: At) -> str:
        """What was typed there, on one line."""
        return " ".join(self._scalar.text[at.start : at.end].split())

    def around(self, at: At) -> tuple[str, str]:
        """The last character before the place and the first after it, white space aside; empty at an end."""
        before, after = self._scalar.text[max(0, at.start - 20) : at.start], self._scalar.text[at.end : at.end + 20]
        return before.rstrip()[-1:], after.lstrip()[:1]

    def knows(self, word: str) -> bool:
        """Whether a variable, in reach or not, has that name."""
        return word in self.loops or word in self.names.variables or word in self.names.later

    def other_name(self, proposed: str) -> str:
        """What to do about a name that cannot be: choose one that nothing has."""
        while self.knows(proposed) or proposed in self.names.functions.names():
            proposed += "_"
        return f"choose another name, such as {proposed}"

    def complain(
        self, code: str, message: str, at: At, *, label: str = "", hint: str = "", note: Note | None = None
    ) -> None:
        if not self._findings.full:
            self._findings.add(code, message, self.span(at), label=label, hint=hint, notes=[note] if note else [])

    def read(self, at: At) -> bool:
        """Whether the file may have another word, the one there."""
        return self._findings.read(1, lambda: self.span(at))

    @property
    def full(self) -> bool:
        """Whether nothing more is reported."""
        return self._findings.full

    @contextmanager
    def loop(self, name: str, element: Type) -> Iterator[str]:
        """Puts a loop variable in reach; gives its slot."""
        self.names.slots += 1
        slot = f"{name}{self.names.slots}"
        before = self.loops
        self.loops = {**before, name: Around(slot, element)}
        try:
            yield slot
        finally:
            self.loops = before
