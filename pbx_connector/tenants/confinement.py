"""What a tenant's profiles and configuration may name on a worker, where the files and secrets of others are, too.

Files that were published with them; files below a folder of the tenant's own; environment variables with a beginning of
its own; secrets of its vault.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pbx_rules import Diagnostic, Span
from pbx_rules.document import Mapping as MappingNode
from pbx_rules.document import Node
from pydantic import BaseModel

from pbx_connector.documents import START, finding
from pbx_connector.secret import Secret
from pbx_connector.tenants.ids import checked_id, variable_prefix

CODE = "P0112"


@dataclass(frozen=True, slots=True)
class Confinement:
    tenant: str
    published: Path
    """Where its published files are."""
    own: Path
    """Its folder among those of all tenants."""

    def findings(self, value: object, root: Node | None, file: str, below: str = "") -> Iterator[Diagnostic]:
        """Where settings name what is not the tenant's; `root` is where they were written."""
        for path, part in _named(value):
            if wrong := self._fault(part):
                name = ".".join(step for step in (below, *path) if step)
                message, hint = wrong
                span = _span(root, path)
                yield finding(CODE, f"{name!r} {message}", file=file, span=span, hint=hint)

    def _fault(self, part: Secret | Path) -> tuple[str, str] | None:
        if isinstance(part, Path):
            return self._fault_of_path(part)
        vault = "or keep it in the vault: {vault: NAME}"
        if part.keyring is not None:
            return "names a keyring, which workers do not have", f"say {{file: PATH}} or {{env: NAME}}, {vault}"
        prefix = variable_prefix(self.tenant)
        if part.env is not None and not part.env.startswith(prefix):
            return "names a variable that is not this tenant's", f"call it {prefix}…, {vault}"
        if part.file is not None and not _is_below(part.file, self.own):
            return "names a file that is not this tenant's", f"{self._place}, {vault}"
        return None

    def _fault_of_path(self, path: Path) -> tuple[str, str] | None:
        if self._holds(path) and not self._leads_out(path):
            return None
        return "leads to what is not this tenant's", f"publish it with the profiles; {self._place}"

    @property
    def _place(self) -> str:
        """Without its path: a tenant reads this on its own pages, too, and the path is the provider's."""
        return f"the provider can put it into the folder {self.own.name} of control: {{files: …}}"

    def _holds(self, path: Path) -> bool:
        return _is_below(path, self.published) or _is_below(path, self.own)

    def _leads_out(self, folder: Path) -> bool:
        """Whether a link in a folder, or in one that a link in it leads to, leads to what is not the tenant's: of a
        folder a source reads what it finds there."""
        pending, seen = [folder.resolve()], set[Path]()
        while pending:
            if (at := pending.pop()) in seen:
                continue
            seen.add(at)
            for entry in _entries(at):
                if entry.is_symlink() and not self._holds(Path(entry.path)):
                    return True
                if not entry.is_file(follow_symlinks=False):
                    pending.append(Path(entry.path).resolve())
        return False


def confinement(tenant: str, published: Path, folder_of_all: Path) -> Confinement:
    return Confinement(tenant, published, folder_of_all / checked_id(tenant))


def _is_below(path: Path, folder: Path) -> bool:
    """Wherever links and dots lead."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):
        return False


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """None of what is no folder, or cannot be read: no source can read it either."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _named(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Secret | Path]]:
    if isinstance(value, (Secret, Path)):
        yield path, value
    elif isinstance(value, BaseModel):
        aliases = {name: field.alias or name for name, field in type(value).model_fields.items()}
        for name, part in value:
            yield from _named(part, (*path, aliases.get(name, name)))
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _named(part, (*path, str(name)))
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _named(part, path)


def _span(root: Node | None, path: tuple[str, ...]) -> Span:
    """Of the innermost key that was written."""
    span = START
    for step in path:
        if not isinstance(root, MappingNode) or (node := root.get(step)) is None:
            break
        root, span = node, node.span
    return span
