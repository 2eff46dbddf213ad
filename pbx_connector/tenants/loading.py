"""From the published files of a tenant to its configuration and profiles, with all that is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pbx_rules import Diagnostic
from pbx_rules.document import Mapping, load

from pbx_connector.config import Config, ConfigFile
from pbx_connector.documents import finding
from pbx_connector.errors import ConfigError
from pbx_connector.plugins import Plugins
from pbx_connector.profile import Profile, check_profile
from pbx_connector.profile.text import read_profile
from pbx_connector.tenants.confinement import Confinement
from pbx_connector.tenants.published import ENDINGS, PROFILES

CONFIG = "config.yaml"
OF_THE_MACHINE = ("store", "profiles", "service", "control")
"""What the provider decides, not the tenant."""


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What was found in one file; its findings name it as whoever publishes knows it."""

    path: str
    text: str
    """Without any secret."""
    findings: tuple[Diagnostic, ...]

    @property
    def is_wrong(self) -> bool:
        return any(found.severity == "error" for found in self.findings)


@dataclass(frozen=True)
class Contents:
    """All that a version says."""

    config: Config
    profiles: dict[str, Profile]
    files: list[CheckedFile] = field(default_factory=list)
    paths: dict[str, str] = field(default_factory=dict)
    """The path of each profile's file, by id."""
    folder: Path = Path()
    """Where the files are."""

    @property
    def wrong(self) -> list[CheckedFile]:
        return [file for file in self.files if file.is_wrong]


def read_contents(folder: Path, confinement: Confinement, plugins: Plugins, shown: Path) -> Contents:
    """`folder` is where the files are, `shown` where they are for people. Never raises for what the files say."""
    checked = _Reading(folder, confinement, plugins, shown)
    return Contents(checked.config(), dict(checked.profiles()), checked.files, checked.paths, folder)


class _Reading:
    def __init__(self, folder: Path, confinement: Confinement, plugins: Plugins, shown: Path) -> None:
        self._folder = folder
        self._confinement = confinement
        self._plugins = plugins
        self._shown = shown
        self.files: list[CheckedFile] = []
        self.paths: dict[str, str] = {}

    def config(self) -> Config:
        """The environment's variables are the provider's, and say nothing of a tenant."""
        path = self._folder / CONFIG
        if not path.exists():
            return self._plugins.configure(ConfigFile.empty(self._folder))
        try:
            file = ConfigFile.read(path, {})
            if found := list(self._not_a_tenants(file.root, str(path))):
                self._note(path, file.document.text, found)
                return Config()
            config = self._plugins.configure(file)
        except ConfigError as error:
            self._note(path, error.text, error.diagnostics)
            return Config()
        self._note(path, file.document.text, list(self._confinement.findings(config, file.root, str(path))))
        return config

    def _not_a_tenants(self, root: Mapping, file: str) -> Iterator[Diagnostic]:
        """Looked for first: what else is wrong with such a key is nothing that a tenant could put right."""
        yield from _refused(root, OF_THE_MACHINE, "", file)
        plugins = root.get("plugins")
        if not isinstance(plugins, Mapping):
            return
        for name, config in self._plugins.configs.items():
            if isinstance(section := plugins.get(name), Mapping):
                yield from _refused(section, config.of_the_machine, f"plugins.{name}.", file)

    def profiles(self) -> Iterator[tuple[str, Profile]]:
        folder = self._folder / PROFILES
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.suffix in ENDINGS and (profile := self._profile(path)):
                self.paths[profile.id] = f"{PROFILES}/{path.name}"
                yield profile.id, replace(profile, file=self._shown / PROFILES / path.name)

    def _profile(self, path: Path) -> Profile | None:
        checked = check_profile(path, self._plugins)
        found = list(checked.diagnostics)
        profile = checked.profile
        if profile is not None:
            root = load(read_profile(path), str(path)).root
            settings = root.get("settings") if isinstance(root, Mapping) else None
            found += self._confinement.findings(profile.settings, settings, str(path), "settings")
            found += self._same_id(profile.id, path)
        file = self._note(path, checked.text, found)
        return None if file.is_wrong else profile

    def _same_id(self, id: str, path: Path) -> Iterator[Diagnostic]:
        if id in self.paths:
            message = f"its id {id} is that of {self.paths[id]} already"
            yield finding("P0104", message, file=str(path), hint="give one of them another id: ...")

    def _note(self, path: Path, text: str, found: Sequence[Diagnostic]) -> CheckedFile:
        relative = path.relative_to(self._folder).as_posix()
        shown = str(self._shown / relative)
        file = CheckedFile(relative, text, tuple(replace(one, file=shown) for one in found))
        self.files.append(file)
        return file


def _refused(section: Mapping, keys: Collection[str], above: str, file: str) -> Iterator[Diagnostic]:
    for key, _ in section.items:
        if key.text in keys:
            message = f"{above + key.text!r} is the provider's to say, not a tenant's"
            yield finding("P0103", message, file=file, span=key.span, hint="leave it out")
