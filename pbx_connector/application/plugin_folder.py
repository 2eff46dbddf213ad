"""A new source plugin in a folder of its own: the files of `plugin_kit`, under its name in place of `acme`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path

from pbx_connector.errors import UsageError
from pbx_connector.files import shown
from pbx_connector.machine import machine_error
from pbx_connector.plugins import Plugins

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 40
_ENDING = ".tmpl"
"""Of the kit's files, so that no tool takes them for code of this package."""
_PLACEHOLDER = re.compile("pbx_acme|ACME_|ACME|Acme|acme")


def write_plugin(name: str, folder: Path, plugins: Plugins) -> None:
    """Write a source plugin that works, with its tests. `name`: as profiles will write it after `source:`.

    Raises `UsageError` for a name that cannot be or is taken, and for a folder that has something in it.
    """
    _check_name(name)
    _check_free(name, plugins)
    _check_folder(folder)
    try:
        for path, text in _files(name):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise machine_error(error) or UsageError(f"{shown(folder)} cannot be written: {error.strerror}") from None


def _check_name(name: str) -> None:
    if _NAME.fullmatch(name) and len(name) <= _LONGEST:
        return
    raise UsageError(
        f"{name!r} cannot be the name of a source",
        hint=f"take small letters, digits and hyphens, a letter first, at most {_LONGEST}: such as {_possible(name)}",
    )


def _possible(name: str) -> str:
    """A name that can be, as near to this one as may be."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST].strip("-")
    return words if _NAME.fullmatch(words) else "my-crm"


def _check_free(name: str, plugins: Plugins) -> None:
    taken = ""
    if name in plugins.sources:
        taken = f"the source {name} exists already, {plugins.sources[name].title!r}"
    elif name in plugins.names:
        taken = f"a plugin {name} is installed already"
    elif name in plugins.templates:
        taken = f"the starting profile {name} exists already, of the source {plugins.templates[name][0].name}"
    elif find_spec(_module(name)):
        taken = f"the Python module {_module(name)}, which the plugin would be, exists already"
    if taken:
        raise UsageError(taken, hint="choose another name; pbx-connector sources lists those of sources")


def _check_folder(folder: Path) -> None:
    try:
        empty = not any(folder.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{shown(folder)} cannot be the plugin's folder: {error.strerror}") from None
    if not empty:
        raise UsageError(f"{shown(folder)} is there already, and not empty", hint="name another folder with --folder")


def _files(name: str) -> Iterator[tuple[str, str]]:
    """Path and text of each."""
    words = {
        "pbx_acme": _module(name),
        "ACME_": f"{name.upper().replace('-', '_')}_",
        "ACME": name.upper().replace("-", ""),
        "Acme": name.capitalize().replace("-", " "),
        "acme": name,
    }
    for path, text in _templates(files("pbx_connector.application").joinpath("plugin_kit"), ""):
        renamed, filled = (_PLACEHOLDER.sub(lambda found: words[found[0]], part) for part in (path, text))
        yield renamed.removesuffix(_ENDING), filled


def _templates(folder: Traversable, above: str) -> Iterator[tuple[str, str]]:
    for item in folder.iterdir():
        path = f"{above}{item.name}"
        if item.is_dir():
            yield from _templates(item, f"{path}/")
        elif path.endswith(_ENDING):
            yield path, item.read_text(encoding="utf-8")


def _module(name: str) -> str:
    return f"pbx_{name.replace('-', '_')}"
