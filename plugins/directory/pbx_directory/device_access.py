"""What a device is told as it is set up, by the command line and on pages: its options and its addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pbx_connector.api import (
    Device,
    DeviceAccess,
    DeviceOption,
    PhoneBook,
    PluginContext,
    Store,
    UsageError,
    application,
)
from pbx_directory import addresses
from pbx_directory.devices import DEFAULT_FORMAT, checked_options, telephone
from pbx_directory.dialing import Form
from pbx_directory.formats import Format, known_formats
from pbx_directory.settings import DirectorySettings

TITLES: Mapping[str, str] = {
    "id": "Id and user",
    "secret": "Secret",
    "url": "Phone book",
    "caller_url": "Callers",
    "bind_dn": "LDAP bind",
    "base_dn": "LDAP base",
}
"""What people are told of a device, by its key in JSON."""


def device_access(context: PluginContext) -> DeviceAccess:
    settings: DirectorySettings = context.settings or DirectorySettings()
    known = known_formats(context.installation.plugins.exporters)

    def check(given: Mapping[str, str]) -> Mapping[str, str]:
        options = checked_options({name: value or None for name, value in given.items()}, settings)
        known_format(known, options.get("format", DEFAULT_FORMAT))
        return options

    def describe(device: Device, secret: str, store: Store) -> Mapping[str, str]:
        made, reach = application.devices.MadeDevice(device, secret), addresses.reach(context)
        shown = shown_device(made, known, settings, store, reach)
        return {title: str(shown[key]) for key, title in TITLES.items()}

    def preview(book: PhoneBook, device: Device, wanted: str) -> str:
        from pbx_directory.trial import tried

        asker = telephone(device, settings)
        return tried(book, asker, known_format(known, asker.format), wanted).as_text()

    return DeviceAccess(
        name="directory", options=_options(known, settings), check=check, describe=describe, preview=preview
    )


def known_format(known: Mapping[str, Format], name: str) -> Format:
    if name not in known:
        raise UsageError(f"unknown format {name!r}", hint=f"known formats: {', '.join(known)}")
    return known[name]


def shown_device(
    made: application.devices.MadeDevice,
    known: Mapping[str, Format],
    settings: DirectorySettings,
    store: Store,
    reach: addresses.Reach,
) -> dict[str, Any]:
    """With its secret and the addresses that hold it, which are shown once."""
    format = known[telephone(made.device, settings).format]
    base = reach.http_url(store)
    token = f"{base}/{made.device.id}-{made.secret}"
    return application.views.device(made.device) | {
        "secret": made.secret,
        "url": base + addresses.device_path(made.device, made.secret, format),
        "caller_url": f"{token}/caller?number=",
        "bind_dn": reach.bind_dn(made.device),
        "base_dn": addresses.BASE_DN,
    }


def _options(known: Mapping[str, Format], settings: DirectorySettings) -> tuple[DeviceOption, ...]:
    formats = sorted((one.name, one.title) for one in known.values())
    first = [pair for pair in formats if pair[0] == DEFAULT_FORMAT]
    return (
        DeviceOption(
            name="format",
            title="Format",
            hint="What it reads.",
            choices=(*first, *(pair for pair in formats if pair[0] != DEFAULT_FORMAT)),
        ),
        DeviceOption(
            name="dial_form",
            title="Dial form",
            hint="How it dials.",
            choices=(("", f"as configured: {settings.dial_form}"), *((str(form), str(form)) for form in Form)),
        ),
        DeviceOption(name="region", title="Region", hint="The country it stands in, such as DE."),
        DeviceOption(name="outside_line", title="Outside line", hint="What it dials before a number outside."),
    )
