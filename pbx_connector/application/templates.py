"""Starting profiles from the templates that source plugins ship."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from pbx_connector import files
from pbx_connector.errors import ConnectorError, UsageError
from pbx_connector.machine import machine_error
from pbx_connector.plugins import Plugins
from pbx_connector.source import Template


def answered(template: Template, answers: Mapping[str, str]) -> str:
    """The text of a profile: the template with its questions answered, in YAML."""
    return string.Template(template.text).substitute(answers)


def write_profile(template: Template, target: Path, answers: Mapping[str, str]) -> None:
    """Write the template with its questions answered, in YAML, to a file that is new. Raises `UsageError`."""
    write_new(target, answered(template, answers))


def write_new(target: Path, text: str) -> None:
    """Raises `UsageError`, also for a file that came there meanwhile; then there is no new one."""
    try:
        file = target.open("x", encoding="utf-8", newline="")
    except FileExistsError:
        raise _exists(target) from None
    except OSError as error:
        raise _unwritable(target, error) from None
    try:
        with file:
            file.write(text)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise _unwritable(target, error) from None


def check_target(target: Path) -> None:
    """Raises `UsageError` for a file that is there already: asked before the questions are."""
    if target.exists():
        raise _exists(target)


def _unwritable(target: Path, error: OSError) -> ConnectorError:
    return machine_error(error) or UsageError(f"{target} cannot be written: {error.strerror}")


def _exists(target: Path) -> UsageError:
    return UsageError(f"{target} exists already", hint="name another with --file, or remove it first")


def no_template(name: str, plugins: Plugins) -> UsageError:
    """What to say where no template has that name: a source's name is taken for its templates."""
    source = plugins.sources.get(name)
    close = [made.name for made in source.templates] if source else get_close_matches(name, plugins.templates, n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else "pbx-connector new lists them"
    return UsageError(f"there is no template {name!r}", hint=hint)


def quoted(answer: str | None) -> str:
    """An answer as a YAML scalar, since JSON's quoting is YAML's; blank if there is none."""
    return json.dumps(answer, ensure_ascii=False) if answer else ""


def file_reference(path: Path, profile: Path) -> str:
    """Relative to the profile's folder for a file that is in it: the two can be moved together."""
    named, folder = files.expanded(path).resolve(), profile.resolve().parent
    shown = named.relative_to(folder) if named.is_relative_to(folder) else named
    return f"{{file: {json.dumps(str(shown), ensure_ascii=False)}}}"


def environment_reference(name: str) -> str:
    return f"{{env: {json.dumps(name)}}}"
