"""From the settings of an Exchange profile to those of Microsoft 365: what `profiles migrate --to microsoft365` does.

The names are those that profiles with `source: exchange` use; the plugin itself is not known here, and may be gone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pbx_connector.api import Migration, Question

TENANT = Question(
    "tenant",
    "Tenant id or domain, such as example.onmicrosoft.com",
    steps="pbx-connector signs in as an app, not as a person. An administrator of the tenant registers it once, at "
    "entra.microsoft.com: App registrations, New registration; any name, accounts in this directory only, no redirect "
    "URI. The page that follows shows the directory (tenant) ID and the application (client) ID.",
)
CLIENT_ID = Question("client_id", "Application (client) id of the app registration")
CLIENT_SECRET = Question(
    "client_secret",
    "Client secret of the app registration",
    secret=True,
    steps="In the app registration: API permissions, Add a permission, Microsoft Graph, Application permissions (not "
    "Delegated): Contacts.Read and User.Read.All; for organisational contacts OrgContact.Read.All, for groups "
    "GroupMember.Read.All. Then Grant admin consent. After that: Certificates & secrets, New client secret; its Value, "
    "which is shown only once, is the answer. docs/microsoft365.md says more, also of certificates.",
)

_SIGN_IN = ("tenant", "client_id", "client_secret", "certificate", "passphrase", "cloud", "authority")
_PROXY = ("ca_file", "proxy", "proxy_username", "proxy_password")
_PACE = ("timeout", "patience", "memory", "full_after_days", "connections")
_OFF = ("false", "no", "off")
_ON = ("true", "yes", "on")

PUBLIC_FOLDERS = (
    "public folders are not read any more, as Microsoft Graph has none: move their contacts into a shared mailbox, and "
    "name it under shared: owners:"
)


def from_exchange(settings: Mapping[str, Any]) -> Migration:
    """Secrets stay the references that they are; what Exchange's sign-in had and Graph's needs is asked for."""
    sign_in, questions = _sign_in(settings)
    kept = {name: settings[name] for name in (*_PROXY, *_PACE) if name in settings}
    books = {name: made for name, make in _BOOKS.items() if (made := make(settings.get(name))) is not None}
    lines = [*sign_in, *(f"{name}: {_yaml(value)}" for name, value in (kept | books).items())]
    return Migration("\n".join(lines), questions, tuple(_lost(settings)))


def _sign_in(settings: Mapping[str, Any]) -> tuple[list[str], tuple[Question, ...]]:
    oauth = settings.get("oauth")
    if isinstance(oauth, Mapping):
        return [f"{name}: {_yaml(oauth[name])}" for name in _SIGN_IN if name in oauth], ()
    questions = (TENANT, CLIENT_ID, CLIENT_SECRET)
    return [f"{question.name}: ${{{question.name}}}" for question in questions], questions


def _shared(found: Any) -> Any:
    return _without(found, "discover") if _is_on(found) else "false"


def _personal(found: Any) -> Any:
    return found if _is_on(found) else "false"


def _without(found: Any, *names: str) -> Any:
    return {name: value for name, value in found.items() if name not in names} if isinstance(found, Mapping) else found


_BOOKS: dict[str, Callable[[Any], Any]] = {
    "shared": lambda found: None if found is None else _shared(found),
    "personal": lambda found: None if found is None else _personal(found),
}


def _lost(settings: Mapping[str, Any]) -> Iterator[str]:
    if _is_on(settings.get("public")):
        yield PUBLIC_FOLDERS
    shared = settings.get("shared")
    if isinstance(shared, Mapping) and str(shared.get("discover", "")).lower() in _ON:
        yield (
            "shared: discover: does not exist here: name the mailboxes whose contacts belong in the company phone book "
            "under shared: owners:"
        )
    if str(settings.get("verify", "")).lower() in _OFF:
        yield "verify: false is left out: the certificates of Microsoft are valid; for a proxy's own, give ca_file:"
    if not isinstance(settings.get("oauth"), Mapping):
        yield (
            "the service user is not needed any more: an app registration with the application permissions "
            "Contacts.Read and User.Read.All signs in"
        )


def _is_on(found: Any) -> bool:
    """A switch as the profile has it: absent, `false`, or a mapping with `enabled:` or without."""
    if isinstance(found, Mapping):
        found = found.get("enabled", "true")
    return str(found).strip().lower() not in _OFF


def _yaml(value: Any) -> str:
    """JSON is YAML; a `$` is doubled, since questions are written `${name}`."""
    return json.dumps(value, ensure_ascii=False).replace("$", "$$")
