"""Tenants for tests of workers: each has the same scripted profiles, and a phone book of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict

from pbx_connector.application.installation import Installation
from pbx_connector.config import Config
from pbx_connector.model import Book, Mapped, Record, Row
from pbx_connector.plugins import Plugins
from pbx_connector.profile import Profile
from pbx_connector.schedule import Schedule
from pbx_connector.source import FieldSet, Source, SourceContext, SourceType
from pbx_connector.stores import Store, open_store
from pbx_connector.testing.memory_source import MemorySource

Opened = Callable[[str, str], AbstractContextManager[Source]]
"""`opened(tenant, profile)` gives the source as a run opens it: there it may wait, fail, or end the process."""


class ScriptedSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    patience: float = 300


def quiet(tenant: str, profile: str) -> AbstractContextManager[Source]:
    """A source with one contact that never changes."""
    source = MemorySource()
    source.add("public").put("1", display_name=f"Reception of {tenant}")
    return nullcontext(source)


@dataclass(frozen=True)
class ScriptedTenants:
    """Keeps the contract of `engine.directory.TenantDirectory`."""

    stores: Callable[[str], str]
    """The address of a tenant's phone book; each must have one of its own."""
    opened: Opened = quiet
    profiles: tuple[str, ...] = ("crm",)
    config: Mapping[str, Any] | None = None
    gone: frozenset[str] = frozenset()
    schedule: Schedule | None = None
    """Of every profile."""
    plugins: Plugins = field(default_factory=lambda: Plugins([]))

    @cached_property
    def installation(self) -> Installation:
        return Installation(Config.model_validate(self.config or {}), self.plugins)

    def load(self, tenant: str) -> ScriptedTenant | None:
        return None if tenant in self.gone else ScriptedTenant(self, tenant)


@dataclass(frozen=True)
class ScriptedTenant:
    tenants: ScriptedTenants
    id: str

    @property
    def installation(self) -> Installation:
        return self.tenants.installation

    def profile(self, id: str) -> Profile | None:
        if id not in self.tenants.profiles:
            return None

        def open(settings: ScriptedSettings, context: SourceContext) -> AbstractContextManager[Source]:
            return self.tenants.opened(self.id, id)

        source = replace(_SOURCE, open=open)
        profile = Profile(id, id.title(), source, ScriptedSettings(), _as_they_are, frozenset(), "f1")
        return replace(profile, schedule=self.tenants.schedule)

    def open_store(self) -> Store:
        return open_store(self.tenants.stores(self.id))


def _nothing(settings: ScriptedSettings, context: SourceContext) -> AbstractContextManager[Source]:
    return nullcontext(MemorySource())


_SOURCE = SourceType("scripted", "Scripted source", ScriptedSettings, FieldSet((), closed=False), _nothing)


def _as_they_are(row: Row, book: Book) -> Mapped:
    return Mapped((Record("", None, {name: str(value) for name, value in row.values.items()}),))
