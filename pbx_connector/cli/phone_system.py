"""Which phone system a command acts on: the one that is configured, or a tenant of a provider (`--tenant`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pbx_connector.application import command_words
from pbx_connector.errors import UsageError

if TYPE_CHECKING:
    from pbx_connector.application.phone_systems import PhoneSystem
    from pbx_connector.plugins import Plugins
    from pbx_connector.profile import LoadedProfile, Profile

TENANT_HELP = "Act on this phone system of a provider: its id, in the control database of the configuration."
BOTH = "--store and --tenant exclude one another: each says whose phone book is meant"

ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Choice:
    """What was said before the command; at most one of the two."""

    store: str | None = None
    tenant: str | None = None
    typed: bool = False
    """Whether the tenant stands on the command line, and not in the environment."""

    def with_store(self, store: str) -> Choice:
        """An option after the command wins over the environment. Raises `UsageError`."""
        if self.tenant and self.typed:
            raise UsageError(BOTH, hint=f"leave out --store, or --tenant {self.tenant}")
        return Choice(store)

    def require_fits(self, command: str | None) -> None:
        """Raises `UsageError` for a command that cannot act on one phone system of many."""
        if self.tenant and (hint := command_words.NOT_OF_A_TENANT.get(command or "")):
            raise UsageError(f"{command} is not for a tenant", hint=hint)
        if self.typed and command in command_words.OF_ALL_TENANTS:
            raise UsageError(
                f"{command} is about all tenants",
                hint=f"leave out --tenant {self.tenant}: where one is meant, it is an argument",
            )


def choice(context: typer.Context) -> Choice:
    """What the options before the command say; the command line wins over the environment. Raises `UsageError`."""
    from pbx_connector.tenants.ids import checked_id

    store, tenant = context.params.get("store"), context.params.get("tenant")
    typed_store, typed_tenant = _is_typed(context, "store"), _is_typed(context, "tenant")
    if store and tenant is not None and typed_store == typed_tenant:
        raise UsageError(BOTH, hint="leave out one of them; PBX_CONNECTOR_STORE and PBX_CONNECTOR_TENANT say the same")
    if tenant is None or (store and typed_store):
        return Choice(store)
    return Choice(tenant=checked_id(tenant), typed=typed_tenant)


def _is_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def is_file(profile: Path) -> bool:
    """Whether a profile is named by its file; all else is the id of one that is published."""
    return profile.suffix in ENDINGS or len(profile.parts) > 1


def id_of(profile: Path) -> str:
    """As far as that is known of one that could not be read."""
    return profile.stem if is_file(profile) else str(profile)


def load_profile(system: PhoneSystem | None, profile: Path, plugins: Plugins) -> Profile:
    """A file, or what is published for a tenant. Raises `ProfileError` and `UsageError`."""
    if system and not is_file(profile):
        return system.profile(str(profile))
    return load_whole(system, profile, plugins).profile


def load_whole(system: PhoneSystem | None, profile: Path, plugins: Plugins) -> LoadedProfile:
    """As `load_profile`, with what trying its rules needs. A tenant's file finds the tenant's secrets."""
    from pbx_connector.profile import load_whole

    if system and not is_file(profile):
        return system.whole_profile(str(profile))
    loaded = load_whole(profile, plugins)
    if system:
        system.bind_secrets(loaded.profile)
    return loaded
