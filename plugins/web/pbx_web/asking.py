"""One request as pages see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request

from pbx_connector.api import Store
from pbx_web.permissions import Role

if TYPE_CHECKING:
    from pbx_connector.api import AccountScope
    from pbx_web.language import Language
    from pbx_web.login.users import User
    from pbx_web.site import Site


@dataclass(slots=True, kw_only=True)
class Ask:
    request: Request
    site: Site
    user: User | None
    """Who is logged in."""
    language: Language
    token: str = ""
    """What forms must carry."""
    nonce: str = ""
    """For style elements that a library makes."""
    form: FormData = field(default_factory=FormData)
    address: str = ""
    """Of who asks; behind a trusted proxy, what that one says."""

    @property
    def path(self) -> Mapping[str, str]:
        return self.request.path_params

    @property
    def query(self) -> QueryParams:
        return self.request.query_params

    @property
    def store(self) -> Store:
        """Raises `StoreError` while the phone book cannot be reached."""
        return self.site.store()

    @property
    def wants_json(self) -> bool:
        return self.request.url.path.startswith("/api/")

    @property
    def is_part(self) -> bool:
        """Whether htmx asks for a part of a page."""
        return "hx-request" in self.request.headers

    def text(self, name: str, default: str = "") -> str:
        """A field of the form, or else of the query; a file counts as none."""
        value = self.form.get(name, self.query.get(name, default))
        return value if isinstance(value, str) else default

    def may(self, role: Role) -> bool:
        return self.user is not None and self.user.role.includes(role)

    @property
    def sees_personal(self) -> bool:
        """Whether whoever asks sees personal contacts of others."""
        return self.user is not None and self.user.role in self.site.settings.personal

    @property
    def scope(self) -> AccountScope:
        """Whose entries whoever asks sees, as listings of the phone book take it."""
        from pbx_connector.api import ALL

        return ALL if self.sees_personal else None
