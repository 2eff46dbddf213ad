"""What a form can change in a profile's text, one value for each kind of change; `applying` does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pbx_connector.application.drafts.inputs import Reference
from pbx_connector.documents.editing import Path
from pbx_connector.schedule import Schedule


@dataclass(frozen=True, slots=True)
class SetText:
    """What a key or setting says. A blank value leaves the key with nothing after its colon, which counts as not
    given; where there is no such key it changes nothing. Yes and no are `true` and `false`."""

    path: Path
    value: str


@dataclass(frozen=True, slots=True)
class SetList:
    """A setting of several texts. Without values it is taken out."""

    path: Path
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class SetSecret:
    """Where a secret lies: the name of a variable, a file's path or a name in the keyring; never the secret itself."""

    path: Path
    kind: Reference
    name: str


@dataclass(frozen=True, slots=True)
class Remove:
    """A key with all below it, and each above that has nothing left then."""

    path: Path


@dataclass(frozen=True, slots=True)
class RenameKey:
    """The last key of the path gets another name and keeps its place: an entry of a table."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class SetSchedule:
    schedule: Schedule | None
    """None: by hand only."""


@dataclass(frozen=True, slots=True)
class AddVariable:
    name: str
    rule: str
    before: int | None = None
    """The number of the statement above which it goes; None: below all."""


@dataclass(frozen=True, slots=True)
class AddFilter:
    kind: Literal["keep", "skip"]
    condition: str
    because: str = ""
    before: int | None = None
    """As of a variable."""


@dataclass(frozen=True, slots=True)
class ReplaceVariable:
    """Another rule; name and comment stay."""

    number: int
    rule: str


@dataclass(frozen=True, slots=True)
class RenameVariable:
    """Also wherever the rules and the structure use it."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class ReplaceFilter:
    number: int
    kind: Literal["keep", "skip"]
    condition: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class ReplaceOther:
    """Of a statement that is neither variable nor filter the whole text."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class RemoveRule:
    """A variable, a filter or another statement with the comment on its line; comments above it stay."""

    number: int


@dataclass(frozen=True, slots=True)
class MoveRule:
    """To the place of the statement that has the number `to`, with the comments right above it."""

    number: int
    to: int


@dataclass(frozen=True, slots=True)
class SetField:
    """A field of a record, or its `when`, `for` or `key`. A blank text takes it out."""

    record: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class AddLabel:
    """Below the other labels of the record."""

    record: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SetLabel:
    record: int
    label: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class RemoveLabel:
    record: int
    label: int


EditOfKeys: TypeAlias = SetText | SetList | SetSecret | Remove | RenameKey | SetSchedule
EditOfRules: TypeAlias = (
    AddVariable | AddFilter | ReplaceVariable | ReplaceFilter | ReplaceOther | RemoveRule | MoveRule
)
EditOfStructure: TypeAlias = SetField | AddLabel | SetLabel | RemoveLabel
Edit: TypeAlias = EditOfKeys | EditOfRules | EditOfStructure | RenameVariable
