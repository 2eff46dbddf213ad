"""What a source plugin offers: a `SourceType` that opens a `Source`. The run pipeline is its only caller.

The contract is executed by `pbx_connector.testing.SourceContract`; a plugin's own tests inherit it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from pbx_connector.error_text import ErrorMapping
from pbx_connector.errors import ConnectorError
from pbx_connector.model import Account, Book, BookGone, BookUnknown, Problem, StreamItem

FieldType = Literal["text", "number", "yes/no", "date", "list", "record"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field that rows of a source can have."""

    name: str
    """As rules write it in brackets."""
    type: FieldType = "text"
    """A value is of this type, or None."""
    doc: str = ""
    of: Mapping[str, FieldType] | None = None
    """For a record: its parts. For a list of records: the parts of each. None: plain values or unknown parts."""
    as_text: str = ""
    """For a record: the field that has it as a text; rules read that one where they want a text."""
    blank: bool = False
    """Always blank here: it is a field of other sources, whose rules stay valid. Rules that read it are warned of."""


@dataclass(frozen=True, slots=True)
class FieldSet:
    """The fields that the rows of a source can have."""

    fields: tuple[Field, ...]
    closed: bool = True
    """True: there are no others, so a rule that names another is wrong. False: rows may have any field."""
    known_by: tuple[tuple[str, ...], ...] = ()
    """What people know a contact by, the best first: each one field, or several that make a name together. A problem
    with a row is said with the first that has a value. Empty: the first text field that has one."""

    def names(self) -> tuple[str, ...]:
        return tuple(known.name for known in self.fields)


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What a run tells a source when it opens it."""

    accounts: Sequence[Account] = ()
    """The phone system's users, for sources with personal books."""
    fields: frozenset[str] = frozenset()
    """The fields that rules and structure use: a source need not supply others."""


class Source(Protocol):
    """An open source. Methods may be called from several threads, each book by one at a time.

    A method raises `SourceError` when it cannot answer; that leaves everything in question as it is. It never raises
    for one row: that is an `Unreadable` in the stream.
    """

    def books(self) -> Iterable[Book | BookUnknown | Problem]:
        """Every book that this source can see now; `BookUnknown` for one whose presence it cannot tell.

        A `Problem` of severity `warning` among them is about the list itself, such as a pattern of the settings that
        matches nothing: it stands in the report beside the warnings of the settings.
        """
        ...

    def look(self, book: Book) -> Book | BookGone | BookUnknown:
        """Look directly for a book of an earlier run that `books` did not list: only `BookGone` removes its entries."""
        ...

    def changes(self, book: Book, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        """The rows of a book, then exactly one `End`.

        `since` is the checkpoint of the last run, or None for a full read. `known` streams the (key, version) pairs
        held from earlier runs, none when every row is wanted; a row that is still at such a version may be answered
        by `Unchanged`. It may be iterated once, before the stream is exhausted, or not at all.
        """
        ...

    def confirm_gone(self, book: Book, keys: Sequence[str]) -> Iterable[str]:
        """Those of `keys` that the source, asked for each of them directly, says are not there."""
        ...


@dataclass(frozen=True, slots=True)
class Template:
    """A starting profile that ships with a source."""

    name: str
    """As `pbx-connector new NAME` calls it."""
    title: str
    text: str
    """YAML with `${name}` for each of `questions`; values are filled in as quoted YAML scalars."""
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask the administrator for when a profile is made from a template."""

    name: str
    """As the option `--name` and the `${name}` of the template."""
    prompt: str
    default: str | None = None
    """None: an answer is required."""
    secret: bool = False
    """Kept in the keyring or a file; the template gets a reference such as `{keyring: ...}`, never the value."""
    steps: str = ""
    """What has to be done to have an answer, and where it is found; said on a terminal before the question."""


@dataclass(frozen=True, slots=True)
class Migration:
    """What stands in a profile of another source once it is a profile of this one; rules and structure stay."""

    settings: str
    """YAML below `settings:`, with `${name}` for each of `questions`, as in a `Template`."""
    questions: tuple[Question, ...] = ()
    lost: tuple[str, ...] = ()
    """What the settings said that this source cannot do, a sentence each, with what people do instead."""


@dataclass(frozen=True, slots=True)
class Check:
    """One step of a connection test, and how it went."""

    step: str
    """What was tried, for people: `TLS`, `contacts of account anna`."""
    problem: Problem | None = None
    """None: it works. A problem of severity `warning`: it works, too."""
    detail: str = ""
    """What was found: an address, a version, a count."""

    @property
    def failed(self) -> bool:
        return self.problem is not None and self.problem.severity == "error"

    @classmethod
    def of(cls, step: str, attempt: Callable[[], str | Check], errors: ErrorMapping) -> Check:
        """What the attempt found, or how it failed. Raises `MachineError`: for that no server is to blame."""
        told: tuple[type[Exception], ...] = (ConnectorError, *errors.foreign)
        try:
            found = attempt()
        except told as error:
            return cls(step, errors.problem(error, step))
        return found if isinstance(found, Check) else cls(step, detail=found)


@dataclass(frozen=True, slots=True)
class SourceType:
    """A kind of source, as a plugin registers it with the hook `pbx_sources`."""

    name: str
    """As profiles write it after `source:`."""
    title: str
    settings: type[BaseModel]
    """The model of the profile's `settings:`; `extra="forbid"`, secrets as `pbx_connector.api.Secret`."""
    fields: FieldSet
    open: Callable[[Any, SourceContext], AbstractContextManager[Source]]
    """`open(settings, context)`; raises `SourceError` if the source cannot be reached at all."""
    version: str = "0"
    """Part of every checkpoint's identity: a new version of the plugin reads everything anew."""
    templates: Sequence[Template] = field(default_factory=tuple)
    test_connection: Callable[[Any, SourceContext], Iterator[Check]] | None = None
    """`test_connection(settings, context)` goes the way in step by step, in the order in which an administrator would
    look for a mistake, and ends after a step that all further ones need; what is wrong is said by checks, never raised.
    None: the source has no more to say than that `open` works."""
    warnings: Callable[[Any], Iterable[Problem]] | None = None
    """`warnings(settings)`: what about these settings the administrator is reminded of in the report of each run and
    simulation, whether or not the source can be reached. Pure, no I/O. None: nothing."""
    migrations: Mapping[str, Callable[[Mapping[str, Any]], Migration]] = field(default_factory=dict)
    """By the name of another source: how its profiles become profiles of this one, for `profiles migrate`. Called with
    the `settings:` as the profile has them: texts, lists and mappings, secrets as references."""


@contextmanager
def importing(distribution: str) -> Iterator[None]:
    """Around the imports of what only an opened source needs: a library that is missing or broken is the fault of the
    installation, and told like that of a plugin. `importing("pbx-connector-csv")`."""
    try:
        yield
    except ImportError as error:
        plugin = distribution.removeprefix("pbx-connector-")
        raise ConnectorError(
            f"a library of the plugin {plugin!r} cannot be imported: {error}", hint=f"install {distribution} again"
        ) from error
