"""Types for the settings models of profiles and plugins: what many sources can say, and what depends on the profile."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from pbx_connector import files
from pbx_connector.host_names import host_of, is_host_name


class SettingsModel(BaseModel):
    """The base of a settings model: no unknown keys, and no message that quotes what was typed."""

    # What was typed in a wrong place may be a password.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class OutsideRows:
    """Marks a setting that no row depends on: how a source is reached, or which address books are read. A profile that
    differs in nothing else keeps its checkpoints: `timeout: Annotated[float, OutsideRows()] = 60`."""


def outside_rows(model: type[BaseModel]) -> frozenset[str]:
    """The settings of a model that are marked so."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if any(isinstance(one, OutsideRows) for one in field.metadata))


def _from_the_profile(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    expanded = files.expanded(path)
    return Path(folder) / expanded if folder else expanded


ProfilePath = Annotated[Path, AfterValidator(_from_the_profile)]
"""A path; a relative one counts from the folder that the profile is in, wherever the command was typed."""


def _address(value: str) -> str:
    name, at, domain = value.strip().rpartition("@")
    if not (name and at and domain) or any(character.isspace() for character in value.strip()):
        raise ValueError("this is not an e-mail address; expected something like pbx@example.com")
    return value.strip()


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value.strip())
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("expected an address such as https://server.example.com/path")
    if parts.username or parts.password:
        raise ValueError("a user name or password does not belong in an address")
    return value.strip()


def split_address(text: str) -> tuple[str, int]:
    """`192.168.7.5:8088`, `[::1]:8088`, or `:8088` for every address of the machine. Raises `ValueError`."""
    host, colon, port = text.strip().rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError("write an address as 192.168.7.5:8088, or off")
    bare = host.strip("[]").replace("localhost", "127.0.0.1")
    if bare:
        ipaddress.ip_address(bare)
    return bare, int(port)


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches what listens there. Raises `ValueError` as `split_address` does."""
    host, _ = split_address(address)
    return bool(host) and ipaddress.ip_address(host).is_loopback


def _host_name(text: str) -> str:
    name = host_of(text)
    if not is_host_name(name):
        raise ValueError("should be a host name such as phones.example.com")
    return name


def _listen_address(value: Any) -> Any:
    """`off` is how one line is switched off that another file or the environment could have set."""
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", "off")):
        return None
    if isinstance(value, str):
        split_address(value)
    return value


def _listed(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class _Listed:
    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler(source)
        written = core_schema.union_schema([core_schema.str_schema(), inner])
        return core_schema.no_info_before_validator_function(_listed, inner, json_schema_input_schema=written)


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no network; expected something like 192.168.7.0/24") from None
    return text


def blank_is_none(value: Any) -> Any:
    """`url: ""` is how a template leaves out what was not answered."""
    return None if isinstance(value, str) and not value.strip() else value


EmailAddress = Annotated[str, AfterValidator(_address)]
"""A text with an `@`, without white space at its ends."""
WebAddress = Annotated[str, AfterValidator(_web_address)]
"""Of a server, over http or https; no user name, no password."""
HostName = Annotated[str, AfterValidator(_host_name)]
"""Small letters, without port and final dot."""
ListenAddress = Annotated[str | None, BeforeValidator(_listen_address)]
"""Where a server listens, as `split_address` takes it; `off` and a blank text count as None."""
LISTED = _Listed()
"""For a list that can also be written as one text with commas, as an environment variable has it."""
TextList = Annotated[list[str], LISTED]
"""Texts, `LISTED`."""
Networks = Annotated[list[Annotated[str, AfterValidator(_network)]], LISTED]
"""IP networks such as `192.168.7.0/24`, written as a `TextList`."""
OptionalText = Annotated[str | None, BeforeValidator(blank_is_none)]
"""A text; a blank one counts as none."""

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def switch(model: type[BaseModel]) -> BeforeValidator:
    """For a model with the key `enabled`: `shared: false` is short for `shared: {enabled: false}`, as
    `shared: Annotated[SharedFolders, switch(SharedFolders)]`."""
    return BeforeValidator(_switched, json_schema_input_type=model | bool)


def _switched(value: Any) -> Any:
    if isinstance(value, str):
        value = _WORDS.get(value.strip().lower(), value)
    return {"enabled": value} if isinstance(value, bool) else value
