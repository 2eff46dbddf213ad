"""Reads what the original's tabs hold: a folder, files, one JSON, or text that was pasted from the tabs."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pbx_connector.api import UsageError

LONGEST = 2_000_000
"""Bytes of one file."""
_TABS = {
    "basicdata": "basic",
    "basisdaten": "basic",
    "prefilter": "prefilter",
    "vorfilter": "prefilter",
    "variables": "variables",
    "variablen": "variables",
    "structure": "structure",
    "struktur": "structure",
    "automate": "automate",
    "automatisieren": "automate",
    "automatisierung": "automate",
    "zeitplan": "automate",
    "title": "title",
    "titel": "title",
    "name": "title",
    "mode": "mode",
    "modus": "mode",
}
EXCHANGE_STRUCTURE = """{
  "phonebook": [{
    "028pho_bez":          "{{{DisplayName}}}",
    "028pho_phone":        "{{{PhoneNumbers_BusinessPhone}}}",
    "028pho_firstname":    "{{{GivenName}}}",
    "028pho_lastname":     "{{{Surname}}}",
    "028pho_organisation": "{{{CompanyName}}}",
    "028pho_email":        "{{{EmailAddresses_EmailAddress1}}}",
    "028pho_mobile":       "{{{PhoneNumbers_MobilePhone}}}",
    "028pho_homephone":    "{{{PhoneNumbers_HomePhone}}}",
    "028pho_fax":          "{{{PhoneNumbers_BusinessFax}}}",
    "011acc_id":           "{{{local_id}}}",
    "post": {
      "phonebook.phonebooklabel": [
        { "050lab_bez": "Department", "028050pholab_value": "{{{Department}}}" }
      ]
    }
  }]
}"""
"""Of the original's template Exchange Contacts: what stands in the tab until somebody changes it."""
_SHAPES = (
    "give a folder with prefilter.php, variables.json (or .csv) and structure.json, one JSON file with "
    '"prefilter", "variables" and "structure", or a text file with the tabs under their names'
)
_NAMED = ("name", "Name", "variable", "Variable")
_VARIABLE = re.compile(r"([^\W\d][\w .-]*?)[ ]*\t[ \t]*(.*)|([^\W\d]\w*)[ ]*(?:=>?|:)[ \t]*(.*)")
"""Only before a tab can a name have blanks."""
_SHAPE_OF_VARIABLE = "under Variables, each begins with its name, a tab or a colon, and its PHP"
_WORDS_OF_PHP = {"default", "else", "case", "return", "echo", "if", "foreach", "try"}


@dataclass
class Original:
    """A profile of the original; None for a tab that is not given."""

    title: str | None = None
    mode: str | None = None
    prefilter: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    structure: str | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.prefilter or self.variables or self.structure)


def read_original(paths: Sequence[Path]) -> Original:
    """Raises `UsageError` if there is nothing that belongs to a profile."""
    files = [file for path in paths for file in _files(path)]
    found = original_of({file: _bytes(file) for file in files})
    if found.is_empty:
        raise UsageError(f"nothing of a profile is in {', '.join(map(str, paths))}", hint=_SHAPES)
    return found


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return [file for file in sorted(path.iterdir()) if file.suffix.lower() in (".php", ".json", ".csv", ".txt")]


def original_of(files: Mapping[Path, bytes]) -> Original:
    """What these files hold, by their names. Raises `UsageError`."""
    found = Original()
    for file, raw in files.items():
        _add(found, file, _decoded(raw, file))
    return found


def _add(found: Original, file: Path, text: str) -> None:
    tab = _TABS.get(_plain(file.stem))
    if tab in ("prefilter", "structure") or (tab == "variables" and file.suffix.lower() != ".json"):
        is_table = tab == "variables" and file.suffix.lower() == ".csv"
        _put(found, tab, _from_csv(text, file) if is_table else text)
    elif file.suffix.lower() == ".json":
        data = _json(text, file)
        _add_json(found, {"variables": data} if tab == "variables" else data, file)
    elif tab is None:
        _add_pasted(found, text)


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            raw = stream.read(LONGEST + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", hint=_SHAPES) from None
    if len(raw) > LONGEST:
        raise UsageError(f"{file} has more than {LONGEST:,} bytes", hint=_SHAPES)
    return raw


def _decoded(raw: bytes, file: Path) -> str:
    """By its byte order mark, else as UTF-8."""
    encoding = "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{file} is no UTF-8, in line {line}", hint="save it as UTF-8 and try again") from None


def _plain(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalpha())


def _json(text: str, file: Path) -> Any:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is no JSON: {error}", hint=_SHAPES) from None


def _add_json(found: Original, data: Any, file: Path) -> None:
    if not isinstance(data, dict):
        raise UsageError(f"{file} has no object", hint=_SHAPES)
    if not any(_TABS.get(_plain(name)) in ("prefilter", "variables", "structure") for name in data):
        raise UsageError(f"{file} has no tab of a profile", hint=_SHAPES)
    for name, value in data.items():
        tab = _TABS.get(_plain(name))
        if tab == "variables":
            _put(found, tab, _variables(value, file))
        elif tab == "structure" and not isinstance(value, str):
            _put(found, tab, json.dumps(value, ensure_ascii=False, indent=2))
        elif tab and isinstance(value, str):
            _put(found, tab, value)
        elif tab and value is not None:
            raise UsageError(f"{name} in {file} is no text", hint="write it in quotes")


def _variables(value: Any, file: Path) -> dict[str, str]:
    """`{name: php}`, or a list of objects with a name and an expression."""
    if isinstance(value, list):
        value = dict(_named(one, file) for one in value)
    if isinstance(value, dict):
        if odd := next((name for name, php in value.items() if not isinstance(php, str)), None):
            raise UsageError(f"the variable {odd} in {file} has no PHP text", hint="write its PHP in quotes")
        return value
    raise UsageError(f'the variables in {file} are not {{"name": "php"}}', hint=_SHAPES)


def _named(one: Any, file: Path) -> tuple[str, str]:
    if isinstance(one, dict) and len(one) == 2 and (key := next((key for key in one if key in _NAMED), None)):
        return str(one[key]), next(value for other, value in one.items() if other != key)
    raise UsageError(f'the variables in {file} are not {{"name": "php"}}', hint=_SHAPES)


def _from_csv(text: str, file: Path) -> dict[str, str]:
    separator = ";" if text.partition("\n")[0].count(";") and "," not in text.partition("\n")[0] else ","
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if len(row) >= 2]
    except csv.Error as error:
        raise UsageError(f"{file} is no table: {error}", hint=_SHAPES) from None
    if rows and rows[0][0].strip().lower() in ("name", "variable"):
        rows = rows[1:]
    return {row[0].strip(): separator.join(row[1:]) for row in rows}


def _put(found: Original, tab: str | None, value: str | dict[str, str]) -> None:
    if tab == "variables":
        found.variables |= value if isinstance(value, dict) else _pasted_variables(value)
    elif tab in ("title", "mode", "prefilter", "structure"):
        setattr(found, tab, value)
    elif tab == "basic" and isinstance(value, str):
        _basic(found, value)


def _add_pasted(found: Original, text: str) -> None:
    """Each tab under its name on a line of its own."""
    tab: str | None = None
    lines: dict[str, list[str]] = {}
    for line in text.splitlines():
        named = _TABS.get(_plain(line)) if len(line) < 40 and not line.rstrip().endswith((";", ",", "{")) else None
        if named in ("basic", "prefilter", "variables", "structure", "automate") and not line.startswith((" ", "\t")):
            tab = named
        elif tab:
            lines.setdefault(tab, []).append(line)
    for name, belonging in lines.items():
        _put(found, name, "\n".join(belonging).strip("\n"))


def _basic(found: Original, text: str) -> None:
    for line in text.splitlines():
        name, _, value = line.partition("\t") if "\t" in line else line.partition(":")
        tab = _TABS.get(_plain(name))
        if tab in ("title", "mode") and value.strip():
            setattr(found, tab, value.strip())


def _pasted_variables(text: str) -> dict[str, str]:
    """A name, then a tab, a colon or `=`, then PHP, which may go on in the lines that follow."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        begun = _VARIABLE.fullmatch(line)
        named = (begun[1] or begun[3]) if begun else ""
        if begun and named.split()[0].lower() not in _WORDS_OF_PHP:
            name = named
            found[name] = [begun[2] if begun[1] else begun[4]]
        elif name:
            found[name].append(line)
        elif line.strip():
            raise UsageError(f"no variable begins with `{line.strip()[:60]}`", hint=_SHAPE_OF_VARIABLE)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}
