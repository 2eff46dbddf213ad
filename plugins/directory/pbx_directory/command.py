"""`pbx-connector directory`: serves phones, and says which of them may ask."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbx_connector.api import (
    Device,
    DeviceReader,
    PhoneBook,
    PluginContext,
    Store,
    UsageError,
    application,
    set_up_logs,
    until_stopped,
)
from pbx_connector.api import shown as visible
from pbx_directory import addresses
from pbx_directory.device_access import known_format, shown_device
from pbx_directory.devices import DEFAULT_FORMAT, checked_options, telephone
from pbx_directory.formats import Format, known_formats
from pbx_directory.provisioning import FAMILIES, provisioning
from pbx_directory.settings import LOOPBACK, DirectorySettings

if TYPE_CHECKING:
    from pbx_directory.systems import OneSystem

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DeviceArgument = Annotated[str, typer.Argument(help="The device's id or name.", metavar="DEVICE")]
FormatOption = Annotated[
    str | None,
    typer.Option("--format", help=f"What it reads: `directory formats` lists them; default: {DEFAULT_FORMAT}."),
]
FormOption = Annotated[
    str | None,
    typer.Option("--dial-form", help="How it dials: e164, international or national; default: as configured."),
]
RegionOption = Annotated[str | None, typer.Option("--region", help="The country it stands in, such as DE.")]
LineOption = Annotated[str | None, typer.Option("--outside-line", help="What it dials before a number outside.")]
AccountOption = Annotated[
    str | None, typer.Option("--account", help="Whose private entries it sees, too; default: nobody's.")
]
ProvisionOption = Annotated[
    str | None, typer.Option("--provision", metavar="FAMILY", help=f"Print its configuration: {', '.join(FAMILIES)}.")
]


def load() -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True, help="Phones read the phone book: LDAP, remote phone books, caller look-up."
    )
    app.command("serve")(serve)
    app.command("formats")(formats)
    app.command("test")(try_out)
    devices = typer.Typer(
        add_completion=False, no_args_is_help=True, help="Which telephones and phone systems may ask."
    )
    devices.command("add")(add)
    devices.command("list")(list_devices)
    devices.command("rotate")(rotate)
    devices.command("remove")(remove)
    app.add_typer(devices, name="devices")
    return app


def serve(
    context: typer.Context,
    http: Annotated[str | None, typer.Option("--http", help="Address and port; default: as configured.")] = None,
    ldap: Annotated[str | None, typer.Option("--ldap", help="Address and port; default: as configured.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Serve phones until SIGTERM or Ctrl-C; without a configuration on free ports of this machine alone."""
    from pbx_directory.server import sides
    from pbx_directory.systems import served_systems

    plugin: PluginContext = context.obj
    if plugin.phone_system is not None:
        raise UsageError("all phone systems are served together", hint="leave out --tenant")
    said = {name: value for name, value in (("http", http), ("ldap", ldap)) if value}
    settings: DirectorySettings = plugin.operator.config.plugins.get(plugin.plugin) or DirectorySettings()
    if not settings.serves and not said:
        said = {"http": LOOPBACK, "ldap": LOOPBACK}
    settings = _changed(settings, said)
    set_up_logs(plugin.operator.config.service.log)
    stop = until_stopped()
    with ExitStack() as stack:
        store = None if plugin.phone_systems is not None else stack.enter_context(plugin.open_store())
        systems = served_systems(plugin) if store is None else _one(plugin, store)
        urls: dict[str, str] = {}
        for side in sides(systems, plugin.operator.plugins.exporters, settings):
            side.start()
            stack.callback(side.stop)
            urls |= side.urls
        if store is not None:  # of many, each is reached as the configuration says
            stack.enter_context(_noted(store, urls))
        _print(urls, as_json, "\n".join(f"{name:5} {url}" for name, url in urls.items()))
        stop.wait()


def formats(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the formats that a device can have."""
    known = _formats(context.obj)
    rows = [{"name": one.name, "title": one.title, "content_type": one.content_type} for one in known.values()]
    _print(rows, as_json, "\n".join(f"{one.name:16} {one.title}" for one in known.values()))


def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="For people, such as: Phone of Ann.")],
    account: AccountOption = None,
    format: FormatOption = None,
    dial_form: FormOption = None,
    region: RegionOption = None,
    outside_line: LineOption = None,
    provision: ProvisionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a telephone or a phone system ask. Its secret is shown once."""
    plugin: PluginContext = context.obj
    settings, known = _settings(plugin), _formats(plugin)
    if provision is not None and provision not in FAMILIES:
        raise UsageError(
            f"there is no configuration to print for {provision!r}",
            hint=f"for {', '.join(FAMILIES)} there is; --format alone has other families read the phone book",
        )
    format = format or (provision and FAMILIES[provision]) or None
    options = checked_options(
        {"format": format, "dial_form": dial_form, "region": region, "outside_line": outside_line}, settings
    )
    known_format(known, options.get("format", DEFAULT_FORMAT))
    with plugin.open_store() as store:
        made = application.devices.add_device(store, name, account, options, phone_system=plugin.phone_system)
        shown = shown_device(made, known, settings, store, addresses.reach(plugin))
    _tell(shown, as_json, provisioning(provision, shown, settings) if provision else "")


def rotate(context: typer.Context, device: DeviceArgument, as_json: JsonOption = False) -> None:
    """Give a device a new secret; the old one is worth nothing from now on."""
    plugin: PluginContext = context.obj
    with plugin.open_store() as store:
        made = application.devices.rotate_device(store, device, phone_system=plugin.phone_system)
        shown = shown_device(made, _formats(plugin), _settings(plugin), store, addresses.reach(plugin))
    _tell(shown, as_json)


def remove(context: typer.Context, device: DeviceArgument, as_json: JsonOption = False) -> None:
    """Let a device ask no more."""
    with context.obj.open_store() as store:
        gone = application.devices.remove_device(store, device)
    _print(application.views.device(gone), as_json, f"{gone.name} may ask no more")


def list_devices(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the devices with when they asked last."""
    known = context.obj.devices.devices()
    if as_json:
        typer.echo(json.dumps([application.views.device(device) for device in known], indent=2))
    elif not known:
        typer.echo("no device may ask yet; see: pbx-connector directory devices add --help")
    for device in () if as_json else known:
        typer.echo(visible(_line(device)))


def try_out(
    context: typer.Context,
    device: DeviceArgument,
    wanted: Annotated[
        str, typer.Argument(help="A number as it would call, or a part of a name.", metavar="NUMBER|NAME")
    ],
    as_json: JsonOption = False,
) -> None:
    """Ask as that device would, and show what it gets."""
    from pbx_directory.trial import tried

    plugin: PluginContext = context.obj
    known = application.devices.known_device(plugin.devices.devices(), device)
    asker = telephone(known, _settings(plugin))
    found = tried(plugin.phone_book, asker, known_format(_formats(plugin), asker.format), wanted)
    _print(found.as_json(), as_json, found.as_text())


def _one(plugin: PluginContext, store: Store) -> OneSystem:
    from pbx_directory.access import Gate
    from pbx_directory.systems import OneSystem

    settings = _settings(plugin)
    gate = Gate(DeviceReader(lambda: store), settings.trusted)
    return OneSystem(PhoneBook(lambda: store), gate, settings)


@contextmanager
def _noted(store: Store, urls: Mapping[str, str]) -> Iterator[None]:
    addresses.note(store, urls)
    try:
        yield
    finally:
        addresses.forget(store, urls)


def _settings(plugin: PluginContext) -> DirectorySettings:
    return plugin.settings or DirectorySettings()


def _changed(settings: DirectorySettings, said: Mapping[str, str]) -> DirectorySettings:
    from pydantic import ValidationError

    try:
        return DirectorySettings.model_validate(settings.model_dump(exclude_unset=True) | dict(said))
    except ValidationError as error:
        raise UsageError(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from None


def _formats(plugin: PluginContext) -> dict[str, Format]:
    return known_formats(plugin.installation.plugins.exporters)


def _tell(shown: Mapping[str, Any], as_json: bool, configuration: str = "") -> None:
    lines = [
        f"{shown['name']} may ask. Its secret is shown this once:",
        f"  id and user  {shown['id']}",
        f"  secret       {shown['secret']}",
        f"  phone book   {shown['url']}",
        f"  callers      {shown['caller_url']}",
        f"  LDAP bind    {shown['bind_dn']}",
        f"  LDAP base    {shown['base_dn']}",
    ]
    if shown["url"].startswith("/"):
        lines.append("These addresses begin with that of the directory: set plugins: directory: http, or url.")
    said = {**shown, "provisioning": configuration} if configuration else shown
    _print(said, as_json, "\n".join([*lines, "", configuration] if configuration else lines))


def _line(device: Device) -> str:
    seen = "never asked"
    if device.seen:
        seen = f"asked {device.seen.time.astimezone():%Y-%m-%d %H:%M} from {device.seen.address}"
    options = ", ".join(f"{name} {value}" for name, value in device.options.items())
    whose = f"account {device.account}" if device.account else "company entries alone"
    return "  ".join(filter(None, (device.id, device.name, whose, options, seen)))


def _print(value: Any, as_json: bool, text: str) -> None:
    """JSON in one line, so that a program that waits for it reads a line; in ASCII, so that none of it moves a
    terminal."""
    typer.echo(json.dumps(value) if as_json else "\n".join(map(visible, text.split("\n"))))
