"""A device as the directory serves it: as its row in the store says, else as the configuration does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pbx_connector.api import Device, UsageError
from pbx_directory.dialing import DialForm, Form
from pbx_directory.settings import DirectorySettings

DEFAULT_FORMAT = "yealink"


@dataclass(frozen=True, slots=True)
class Telephone:
    """Who asks, with all that an answer depends on."""

    id: str
    name: str
    account: str | None
    owners: tuple[str | None, ...]
    format: str
    dial_form: str
    region: str | None
    outside_line: str

    @property
    def form(self) -> DialForm:
        return DialForm(Form(self.dial_form), self.region, self.outside_line)


def telephone(device: Device, settings: DirectorySettings) -> Telephone:
    said = {
        "format": DEFAULT_FORMAT,
        "dial_form": settings.dial_form,
        "region": settings.region or "",
        "outside_line": settings.outside_line,
        **device.options,
    }
    return Telephone(
        device.id,
        device.name,
        device.account,
        device.owners,
        said["format"],
        said["dial_form"],
        said["region"] or None,
        said["outside_line"],
    )


def checked_options(given: Mapping[str, str | None], settings: DirectorySettings) -> dict[str, str]:
    """What is said, without what is not. Raises `UsageError` for what cannot be."""
    options = {name: value for name, value in given.items() if value is not None}
    forms = ", ".join(Form)
    if (form := options.get("dial_form", settings.dial_form)) not in tuple(Form):
        raise UsageError(f"there is no dial form {form}", hint=f"it is one of {forms}")
    region = options.get("region", settings.region or "")
    if region and not (len(region) == 2 and region.isascii() and region.isupper()):
        raise UsageError(f"{region!r} is no region", hint="two capital letters of a country, such as --region DE")
    if form == Form.NATIONAL and not region:
        raise UsageError("the dial form national needs a region", hint="add --region DE, or plugins: directory: region")
    line = options.get("outside_line", "")
    if len(line) > 4 or not all(sign in "0123456789*#" for sign in line):
        raise UsageError(f"{line!r} is not what one dials for an outside line", hint="such as --outside-line 0")
    return options
