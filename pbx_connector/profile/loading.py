"""From a profile file to a `Profile`: YAML, frame, source, settings, rules, structure; every finding in one go.

Checking needs no secret and no source: secrets are read when a run opens the source.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pbx_rules import Diagnostic
from pbx_rules.document import Document, Mapping, Node, Scalar, load
from pydantic import BaseModel, ValidationError

from pbx_connector import mapping
from pbx_connector.documents import finding, from_validation, given_values, hidden_keys, masked
from pbx_connector.errors import ProfileError
from pbx_connector.model import Merge
from pbx_connector.plugins import Plugins
from pbx_connector.profile.blank_fields import warn_of_blank_fields
from pbx_connector.profile.cases import Case, check_rows, read_cases
from pbx_connector.profile.header import Header, LimitsHeader
from pbx_connector.profile.identity import of_rows
from pbx_connector.profile.model import ChangeLimit, Limits, Profile, RemovalLimit
from pbx_connector.profile.text import read_profile
from pbx_connector.secret import name_secrets
from pbx_connector.source import FieldSet, SourceType


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A profile without a mistake, with what trying its rules needs."""

    profile: Profile
    rules: mapping.Rules
    cases: tuple[Case, ...]
    text: str
    """Without any secret."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A profile's text and all that was found in it; `loaded` is None if there is an error among the findings."""

    text: str
    diagnostics: tuple[Diagnostic, ...]
    loaded: LoadedProfile | None = None

    @property
    def profile(self) -> Profile | None:
        return self.loaded.profile if self.loaded else None


def load_profile(path: Path, plugins: Plugins) -> Profile:
    """Raises `ProfileError` with every finding of the file."""
    return load_whole(path, plugins).profile


def load_whole(path: Path, plugins: Plugins) -> LoadedProfile:
    """Raises `ProfileError` with every finding of the file."""
    checked = check_profile(path, plugins)
    if checked.loaded is None:
        errors = sum(found.severity == "error" for found in checked.diagnostics)
        raise ProfileError(
            f"{path} has {errors} error{'s' if errors != 1 else ''}", checked.diagnostics, text=checked.text
        )
    return checked.loaded


def check_profile(path: Path, plugins: Plugins) -> Checked:
    """Read and check a profile file; never raises for what the file says."""
    try:
        text = read_profile(path)
    except ProfileError as error:
        return Checked("", error.diagnostics)
    return check_text(text, path, plugins)


def check_text(text: str, path: Path, plugins: Plugins) -> Checked:
    """Check a profile's text as if it stood in the file `path`."""
    document = load(text, str(path))
    root = document.root or document.rest
    if not isinstance(root, Mapping):
        found = document.diagnostics or (
            finding("P0104", "a profile is a mapping: title: ..., source: ...", file=str(path)),
        )
        return Checked(masked(text), found)
    return _Loading(document, root, path, plugins).result()


_ANY_FIELDS = FieldSet((), closed=False)
"""Of a source that nobody knows."""


class _Loading:
    """One file on its way to a profile; collects what is wrong at each step and goes on where it can."""

    def __init__(self, document: Document, root: Mapping, path: Path, plugins: Plugins) -> None:
        self._document = document
        self._root = root
        self._path = path
        self._plugins = plugins
        self._found: list[Diagnostic] = list(document.diagnostics)

    def result(self) -> Checked:
        header = self._header()
        source = self._source()
        settings = self._settings(source) if source else None
        compiled = self._compiled(source.fields if source else _ANY_FIELDS, header)
        if source and compiled:
            self._found += warn_of_blank_fields(self._document, source, compiled.fields)
        if source:
            self._found += check_rows(self._root.get("tests"), source.fields, self._document.file)
        text = masked(self._document.text, hidden_keys(self._found))
        loaded = None
        if not any(found.severity == "error" for found in self._found):
            assert header is not None and source is not None  # noqa: S101, PT018 - without an error each is there
            assert settings is not None and compiled is not None  # noqa: S101, PT018 - likewise
            profile = self._profile(header, source, settings, compiled)
            loaded = LoadedProfile(profile, compiled, read_cases(header.tests, self._root.get("tests")), text)
        ordered = sorted(self._document.sound(self._found), key=lambda found: (found.span.line, found.span.column))
        return Checked(text, tuple(ordered), loaded)

    def _header(self) -> Header | None:
        try:
            return Header.model_validate(given_values(self._root))
        except ValidationError as error:
            file, unread = self._document.file, self._document.unread
            self._found += from_validation(error, file=file, root=self._root, model=Header, unread=unread)
            return None

    def _source(self) -> SourceType | None:
        """Of a name that is nearly a source's, that source: the rest is checked with it."""
        node = self._root.get("source")
        if not isinstance(node, Scalar) or not node.text:
            return None
        source = self._plugins.sources.get(node.text)
        if source is None:
            hint = self._plugins.suggestion(node.text)
            message = f"unknown source {node.text!r}"
            self._found.append(finding("P0105", message, file=self._document.file, span=node.span, hint=hint))
            source = self._plugins.sources.get(self._plugins.meant(node.text) or "")
        return source

    def _settings(self, source: SourceType) -> BaseModel | None:
        node = self._root.get("settings")
        if not isinstance(node, Mapping):
            return None
        try:
            settings = source.settings.model_validate(given_values(node), context={"folder": self._path.parent})
            name_secrets(settings, "settings")
            return settings
        except ValidationError as error:
            self._found += from_validation(
                error, file=self._document.file, root=node, model=source.settings, below="settings"
            )
            return None

    def _compiled(self, fields: FieldSet, header: Header | None) -> mapping.Rules | None:
        rules, diagnostics = mapping.compile_rules(
            file=self._document.file,
            rules=_scalar(self._read("rules")),
            structure=self._read("structure"),
            tables=self._read("tables"),
            region=_scalar(self._read("region")),
            fields=fields,
            functions=self._plugins.functions,
            publish_personal=bool(header and header.publish_personal),
            unread=self._document.unread,
        )
        self._found += diagnostics
        return rules

    def _read(self, section: str) -> Node | None:
        return None if section in self._document.unread else self._root.get(section)

    def _profile(self, header: Header, source: SourceType, settings: BaseModel, rules: mapping.Rules) -> Profile:
        return Profile(
            id=header.id or self._path.stem,
            title=header.title,
            source=source,
            settings=settings,
            map=rules.map,
            fields=rules.fields,
            fingerprint=_fingerprint(header, source, settings, rules, self._plugins.added_functions),
            mode=header.mode,
            limits=_limits(header.limits),
            schedule=header.schedule,
            notify=header.notify,
            labels=header.labels,
            publish_personal=header.publish_personal,
            region=_region(header),
            merge=Merge(header.merge.by, header.merge.prefer) if header.merge else None,
            file=self._path,
        )


def _region(header: Header) -> str | None:
    from pbx_rules.functions.phone import check_region  # with libphonenumber, which few profiles do without

    return check_region(header.region) if header.region and header.region.strip() else None


def _limits(header: LimitsHeader) -> Limits:
    remove, change = header.remove_at_most, header.change_at_most
    return Limits(RemovalLimit(remove.share, remove.entries), ChangeLimit(change.share, change.entries))


def _scalar(node: Node | None) -> Scalar | None:
    return node if isinstance(node, Scalar) else None


def _fingerprint(
    header: Header, source: SourceType, settings: BaseModel, rules: mapping.Rules, functions: dict[str, str]
) -> str:
    content = {
        "source": [source.name, source.version],
        "settings": of_rows(settings),
        "fields": sorted(rules.fields),
        "rules": rules.digest,
        "functions": functions,
        "mode": header.mode,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
