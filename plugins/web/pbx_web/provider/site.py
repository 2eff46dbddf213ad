"""What the provider's pages have: all tenants, the engine that runs their profiles, and users of their own."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from pbx_connector.api import FleetEngine, PluginContext, Store, UsageError, application
from pbx_web.app import make_app
from pbx_web.permissions import Role
from pbx_web.settings import WebSettings
from pbx_web.site import Site

if TYPE_CHECKING:
    Fleet = application.fleet.Fleet

PLACES = (
    ("/tenants", "Phone systems", Role.READER),
    ("/fleet", "Workers and queues", Role.ADMIN),
    ("/users", "Users", Role.ADMIN),
    ("/audit", "Audit", Role.ADMIN),
)
MEMBER = "sees to the phone systems of which the user is a member, as what is said there"
ROLES = ((Role.READER, MEMBER), (Role.ADMIN, "sees to all phone systems, and administers users"))
"""Between these two there is nothing: what a member may do is said at each tenant."""


class ProviderSite(Site):
    places = PLACES
    roles = ROLES
    has_phone_book = False

    def __init__(self, context: PluginContext, settings: WebSettings) -> None:
        """Raises `ConnectorError` where there is one phone system alone."""
        systems = context.phone_systems
        if systems is None:
            raise UsageError("there are no phone systems to provide", hint="control: {database: postgresql://…}")
        self.fleet: Fleet = systems.fleet
        super().__init__(context, settings, self.users)

    def users(self) -> Store:
        """Users, sessions and audit of these pages. Raises `StoreError`; it is made at first."""
        return self.fleet.provider_users

    @cached_property
    def engine(self) -> FleetEngine:
        return FleetEngine(self.fleet)

    def forget_user(self, name: str) -> None:
        application.members.forget_user(self.fleet, name)

    def close(self) -> None:
        super().close()
        self.engine.close()


def provider_app(context: PluginContext, settings: WebSettings) -> ASGIApp:
    """What answers at the provider's own host name. Raises `ConnectorError`."""
    return served(ProviderSite(context, settings))


def served(site: ProviderSite) -> ASGIApp:
    from pbx_web.provider.pages import ALL  # they know the site

    return make_app(site, ALL)
