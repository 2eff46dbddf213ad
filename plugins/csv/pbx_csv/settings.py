"""The `settings:` of a profile with `source: csv`, checked before anything is read."""

from __future__ import annotations

import codecs
import io
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pbx_connector.api import OptionalText, OutsideRows, ProfilePath, Secret, SettingsModel, WebAddress, is_protected

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
QUOTES = {"double": '"', "single": "'", "none": ""}
LINE_ENDS = {"crlf": "\r\n", "lf": "\n", "cr": "\r"}


def _blank_is_none(value: Any) -> Any:
    """`delimiter: ""` is how a template leaves out what was not answered."""
    return None if isinstance(value, str) and not value else value


def _encoding(value: str) -> str:
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=value)  # codecs.lookup also takes what is none of texts, such as base64
        return codecs.lookup(value).name
    except (LookupError, ValueError):
        raise ValueError("no such encoding; expected a name such as utf-8 or windows-1252") from None


def _delimiter(value: str) -> str:
    value = DELIMITERS.get(value.lower(), value)
    if len(value) != 1 or value in "\r\n\"' " or value.isalnum():
        raise ValueError("expected one character, or comma, semicolon, tab or pipe")
    return value


def _quote(value: str) -> str:
    value = QUOTES.get(value.lower(), value)
    if value and value not in "\"'":
        raise ValueError("expected double, single or none")
    return value


def _columns(value: Any) -> Any:
    """`key: Number` for `key: [Number]`."""
    return [value] if isinstance(value, str) and value.strip() else value or []


def _pattern(value: str) -> str:
    """What is found in the folder, and nowhere else: whoever may name a folder need not be let out of it."""
    if value.startswith(("/", "~")) or ".." in value.replace("\\", "/").split("/"):
        raise ValueError("a pattern counts from the folder and leads no higher; expected something like **/*.csv")
    return value


_Optional = BeforeValidator(_blank_is_none)


class CsvSettings(SettingsModel):
    file: Annotated[ProfilePath | None, OutsideRows(), _Optional] = Field(
        None, description="The file; a relative path counts from the profile. It may be a zip file."
    )
    folder: Annotated[ProfilePath | None, OutsideRows(), _Optional] = Field(
        None, description="In place of a file: a folder, each file of which is an address book."
    )
    pattern: Annotated[str, AfterValidator(_pattern), OutsideRows()] = Field(
        "*.csv", min_length=1, description="Which files of the folder; `**/*.csv` takes folders in it along."
    )
    url: Annotated[WebAddress | None, _Optional] = Field(
        None, description="In place of a file: an address, http or https."
    )
    username: Annotated[OptionalText, OutsideRows()] = Field(None, description="Log-in name at the address (Basic).")
    password: Annotated[Secret | None, OutsideRows(), _Optional] = Field(
        None, description="Its password, by reference."
    )
    token: Annotated[Secret | None, OutsideRows(), _Optional] = Field(
        None, description="In place of name and password: a token (Bearer), by reference."
    )
    ca_file: Annotated[ProfilePath | None, OutsideRows(), _Optional] = Field(
        None, description="PEM file of certificates to trust instead of the system's."
    )
    timeout: Annotated[float, OutsideRows()] = Field(
        60, gt=0, le=600, description="Seconds to wait for the server to go on."
    )
    member: OptionalText = Field(
        None, description="Which file of a zip file that has several; `*` stands for anything."
    )
    encoding: Annotated[Annotated[str, AfterValidator(_encoding)] | None, _Optional] = Field(
        None, description="Such as `utf-8` or `windows-1252`; detected if not given."
    )
    delimiter: Annotated[Annotated[str, AfterValidator(_delimiter)] | None, _Optional] = Field(
        None, description="What parts columns: one character, or comma, semicolon, tab, pipe; detected if not given."
    )
    quote: Annotated[Annotated[str, AfterValidator(_quote)] | None, _Optional] = Field(
        None, description="What values are quoted with: double, single or none; detected if not given."
    )
    line_end: Annotated[Literal["crlf", "lf", "cr"] | None, _Optional] = Field(
        None, description="What ends a line: crlf, lf or cr; any of them if not given."
    )
    header: bool = Field(True, description="The first line has the names of columns; else they are Column 1 and so on.")
    skip_lines: int = Field(0, ge=0, le=1000, description="Lines before the header that are passed over.")
    key: Annotated[tuple[str, ...], BeforeValidator(_columns, json_schema_input_type=str | list[str])] = Field(
        (), description="Column or columns by which a contact is known again; all of them if not given."
    )
    account: OptionalText = Field(
        None, description="Column with whose private contact it is: an account's id, user name or e-mail address."
    )
    short_lines: Literal["refuse", "blank"] = Field(
        "refuse", description="Lines with fewer values than columns: refuse them, or take what is missing as blank."
    )
    long_lines: Literal["refuse", "blank"] = Field(
        "refuse", description="Lines with more values than columns: refuse them, or take them if the rest is blank."
    )
    last_line: Annotated[Literal["ended", "open"], OutsideRows()] = Field(
        "ended", description="Whether the last line must end as the others do: a file cut short mostly does not."
    )
    empty: Annotated[bool, OutsideRows()] = Field(False, description="A list without a contact may be right.")
    settle: Annotated[float, OutsideRows()] = Field(
        2, ge=0, le=60, description="Seconds that a file must have rested, so that it is not half written."
    )
    largest: Annotated[float, OutsideRows()] = Field(
        20, gt=0, le=1000, description="Gigabytes, unpacked, that are read at most."
    )

    @model_validator(mode="after")
    def _one_place(self) -> CsvSettings:
        if sum(place is not None for place in (self.file, self.folder, self.url)) != 1:
            raise ValueError("say one of file:, folder: and url:")
        return self

    @model_validator(mode="after")
    def _one_way_in(self) -> CsvSettings:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if self.token is not None and self.password is not None:
            raise ValueError("token and password contradict each other")
        secret = self.token is not None or self.password is not None
        if secret and self.url is None:
            raise ValueError("username, password and token need url:")
        if secret and not is_protected(self.url or ""):
            raise ValueError("the password could be read on its way; use https://")
        return self
