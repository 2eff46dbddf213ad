"""What a profile file may say besides rules and structure, as pydantic models; `loading` fills them in.

All scalars of a profile are text (see `pbx_rules.document`), so every field here must accept its textual form.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    create_model,
    model_validator,
)

from pbx_connector.config import NotifyConfig
from pbx_connector.model import Evidence, Mode
from pbx_connector.schedule import Schedule
from pbx_connector.targets import ACCOUNT_CODE, TARGETS

ProfileId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]


def _share(value: object) -> object:
    """`20%` or `0.2` as a number from 0 to 1."""
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            return float(value.strip()[:-1]) / 100
        except ValueError:
            raise ValueError("write a share as 20% or 0.2") from None
    return value


class Strict(BaseModel):
    """Descriptions stand in `Field`: taking them from docstrings, pydantic reads this file anew for each model."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RemovalLimitHeader(Strict):
    share: Annotated[float, BeforeValidator(_share), Field(ge=0, le=1)] = Field(
        0.2, description="Share of the profile's present entries, such as `20%`."
    )
    entries: Annotated[int, Field(ge=0)] = 10


class ChangeLimitHeader(Strict):
    share: Annotated[float, BeforeValidator(_share), Field(ge=0, le=1)] = Field(
        0.5, description="Share of the profile's present entries, such as `50%`; `100%` switches the limit off."
    )
    entries: Annotated[int, Field(ge=0)] = 25


class LimitsHeader(Strict):
    remove_at_most: RemovalLimitHeader = Field(
        RemovalLimitHeader(),
        description="A run that would remove more than both of these is refused; numbers that it would blank, or "
        "replace by one that many entries share, count as well.",
    )
    change_at_most: ChangeLimitHeader = Field(
        ChangeLimitHeader(),
        description="A run that would change names or numbers of more entries than both of these is refused.",
    )


def _one_or_several(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _each_once(kinds: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    if len(set(kinds)) < len(kinds):
        raise ValueError("name each of them once")
    return kinds


class MergeHeader(Strict):
    by: Annotated[
        tuple[Evidence, ...],
        BeforeValidator(_one_or_several, json_schema_input_type=Evidence | list[Evidence]),
        AfterValidator(_each_once),
        Field(min_length=1),
    ] = Field(
        ("email", "phone"),
        description="What tells that two entries are one person: email, the e-mail address; phone, the telephone "
        "or mobile number.",
    )
    prefer: Literal["other", "mine"] = Field(
        "other",
        description="Which entry is shown: that of the other profile, or that of this one. What it leaves blank is "
        "filled by the one that gives way.",
    )


class Expected(Strict):
    """What a record must have; only what is named is compared, and a name without a value must be blank."""

    labels: dict[str, str] = Field(default_factory=dict, description="Labels and their values.")
    skipped: str | None = Field(None, description="The reason for which the row is skipped; it stands alone.")

    @model_validator(mode="after")
    def _something(self) -> Expected:
        if not self.model_fields_set:
            raise ValueError("say what is expected: target fields, labels or skipped")
        if self.skipped is not None and len(self.model_fields_set) > 1:
            raise ValueError("a row that is skipped has no fields and labels")
        return self

    def fields(self) -> dict[str, str]:
        """Target codes and the expected texts."""
        written = self.model_dump(by_alias=True, exclude_unset=True, exclude={"labels", "skipped"})
        return {code: text or "" for code, text in written.items()}


_TITLES = {target.code: target.title for target in TARGETS} | {ACCOUNT_CODE: "Owner of the entry"}
_FIELDS: dict[str, Any] = {
    f"field_{code}": (str | None, Field(None, alias=code, description=title)) for code, title in _TITLES.items()
}
ExpectedRecord = create_model("ExpectedRecord", __base__=Expected, __doc__=Expected.__doc__, **_FIELDS)
"""With one key for each target field."""


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, dict) else value


Expectation: TypeAlias = Annotated[
    tuple[ExpectedRecord, ...],
    BeforeValidator(_one_or_more, json_schema_input_type=ExpectedRecord | list[ExpectedRecord]),
]


class CaseHeader(Strict):
    """A row, and what the rules must make of it."""

    row: dict[str, Any] = Field(description="Fields of the source and their values; dates as YYYY-MM-DD.")
    expect: Expectation = Field(description="The record that the row makes; for several records, a list of them.")


class Header(Strict):
    """The top level of a profile file."""

    title: str = Field(description="What people call this profile.")
    source: str = Field(description="The name of an installed source; `pbx-connector sources` lists them.")
    settings: dict[str, Any] = Field(
        description="The source's own settings; `pbx-connector sources NAME` describes them."
    )
    structure: Any = Field(description="The template that turns variables and fields into records.")
    id: ProfileId | None = Field(None, description="Who owns the entries; default: the file's name without its ending.")
    comments: str | None = None
    mode: Mode = Field(
        "mirror", description="mirror: create, update, and remove what is missing; upsert: never remove."
    )
    region: str | None = Field(None, description="For phone numbers without a country code, such as DE.")
    tables: dict[str, dict[str, str]] = Field(default_factory=dict, description="Look-up tables of the rules.")
    rules: str | None = Field(None, description="Statements that keep or skip rows and compute variables.")
    limits: LimitsHeader = LimitsHeader()
    merge: MergeHeader | None = Field(
        None,
        description="Show a person once whom this profile and another one bring into the company's phone book: "
        "`{by: [email, phone], prefer: other}`.",
    )
    schedule: Schedule | None = Field(
        None, description='When the service runs it: `"0 12 * * *"`, `{cron: ..., timezone: ...}` or `{every: 15m}`.'
    )
    notify: NotifyConfig | None = Field(
        None, description="When people hear of it, instead of what the configuration says."
    )
    tests: tuple[CaseHeader, ...] = Field(
        (), description="Rows with what the rules must make of them; `pbx-connector test` runs them."
    )
    labels: Literal["create", "require"] = Field(
        "create", description="create: runs make the labels that are missing; require: they leave them out and say so."
    )
    publish_personal: bool = Field(
        False,
        description="Allow personal contacts in the company phone book or with others, if the structure says so.",
    )
