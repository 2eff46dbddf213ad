"""One request as pages see it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request

from pbx_connector.api import ConnectorError, Store, User, application
from pbx_web.permissions import Role

if TYPE_CHECKING:
    from pbx_connector.api import AccountScope
    from pbx_web.language import Language
    from pbx_web.site import Site

LOG = structlog.stdlib.get_logger(__name__)


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
    def base_url(self) -> str:
        """How browsers reach the pages, without a slash at its end."""
        url = self.request.url
        return (self.site.settings.url or f"{url.scheme}://{url.netloc}").rstrip("/")

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

    def typed(self, name: str) -> str:
        """A field of the form alone: what an address says may have been read on the way, or made by somebody else."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    @property
    def has_token(self) -> bool:
        """Whether what was sent carries the token of this browser's forms."""
        given = self.request.headers.get("x-csrf-token") or self.typed("csrf_token")
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self.token.encode())

    @property
    def known_user(self) -> User:
        """Who is logged in, on a page that needs a role."""
        assert self.user is not None  # noqa: S101 - the app has asked for a log-in
        return self.user

    def note(
        self,
        action: application.audit.AuditAction,
        target: str = "",
        *,
        detail: Mapping[str, str] | None = None,
        run: str | None = None,
    ) -> None:
        """Note in the audit what was done just now by whoever asks; `target` and `detail` hold neither a secret nor
        anything of a contact, and `run` is the run whose changes the history has. It is done already: that it cannot be
        noted is logged, and stops nobody."""
        actor = application.audit.Actor(self.user.name if self.user else "", self.address)
        try:
            application.audit.note_audit(self.store, actor, action, target, detail=detail, run=run)
        except ConnectorError as error:
            LOG.error("what was done is not in the audit", action=str(action), reason=type(error).__name__)

    def may(self, role: Role) -> bool:
        return self.user is not None and self.user.role.includes(role)

    @property
    def sees_personal(self) -> bool:
        """Whether whoever asks sees personal contacts of others."""
        return self.user is not None and (self.user.personal or self.user.role in self.site.settings.personal)

    @property
    def scope(self) -> AccountScope:
        """Whose entries whoever asks sees, as listings of the phone book take it."""
        from pbx_connector.api import ALL

        return ALL if self.sees_personal else None
