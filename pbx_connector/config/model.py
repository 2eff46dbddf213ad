"""All that `config.yaml` can say, as pydantic models; `loading` fills them from the file and the environment.

Each key has an environment variable: `PBX_CONNECTOR_` and the path to the key, so `mail: {host: ...}` is
`PBX_CONNECTOR_MAIL_HOST` and `password: {file: ...}` in it `PBX_CONNECTOR_MAIL_PASSWORD_FILE`. Plugins see this model
through `pbx_connector.api`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from pbx_connector.duration import Duration, at_least
from pbx_connector.schedule.zone import zone
from pbx_connector.secret import Secret
from pbx_connector.settings import HostName, ProfilePath, TextList, split_address

Port = Annotated[int, Field(ge=1, le=65535)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MailConfig(Strict):
    """Where e-mails go; without it none are sent."""

    host: str
    port: Port | None = None
    """Default: 587 with starttls, 465 with tls, 25 with none."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: Secret | None = None
    sender: str
    """The address that mails come from."""
    to: Annotated[TextList, Field(min_length=1)]
    ca_file: ProfilePath | None = None
    """Certificates to trust instead of the system's, for a mail server with one of your own."""
    timeout: Annotated[Duration, at_least("1s")] = timedelta(seconds=30)

    @field_validator("sender", "to")
    @classmethod
    def _addresses(cls, value: str | list[str]) -> str | list[str]:
        for address in [value] if isinstance(value, str) else value:
            name, at, domain = address.rpartition("@")
            if not (name and at and domain) or any(char.isspace() or char in "<>," for char in address):
                raise ValueError(f"{address!r} is not an e-mail address")
        return value

    @model_validator(mode="after")
    def _login(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        if self.password is not None and self.security == "none":
            raise ValueError("a password is sent over an encrypted connection only: security: starttls or tls")
        return self


class WebhookConfig(Strict):
    """Where notices are posted as JSON; without it none are."""

    url: str
    secret: Secret
    """Signs each message; the receiver checks it with the same secret."""
    every_run: bool = False
    """Post every run, not only those that people should hear of."""
    timeout: Annotated[Duration, at_least("1s")] = timedelta(seconds=10)
    ca_file: ProfilePath | None = None

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a webhook is an address such as https://example.com/hook")
        if parts.username or parts.password:
            raise ValueError("the address of a webhook holds no password: what is sent is signed with secret")
        return url


class NotifyConfig(Strict):
    """When people hear of a profile, besides its changes of state; a profile's own `notify:` overrules this."""

    partial_after: Annotated[int, Field(ge=1)] = 3
    """Runs in a row that leave out an address book, until it is reported."""
    overdue_after: Annotated[Duration, at_least("1m")] = timedelta(hours=26)
    """Time without a successful run, until it is reported."""
    secret_before: Duration = timedelta(days=14)
    """How long before a secret's `expires` it is reported."""

    def overruled_by(self, other: NotifyConfig | None) -> NotifyConfig:
        """What `other` says counts first."""
        said = {name: getattr(other, name) for name in other.model_fields_set} if other else {}
        return self.model_copy(update=said)


class ServiceConfig(Strict):
    listen: str = "127.0.0.1:9464"
    """Address and port of /health and /metrics; `off` for none. Anything but the own machine must be spelled out."""
    parallel: Annotated[int, Field(ge=1, le=64)] = 2
    """Profiles that run at the same time."""
    jitter: Duration = timedelta(seconds=30)
    """A run starts up to this much later than scheduled, so that not all start at once."""
    run_within: Annotated[Duration, at_least("1s")] = timedelta(hours=2)
    """A run that takes longer is given up and reported."""
    stop_within: Duration = timedelta(seconds=60)
    """When the service is stopped: how long runs may take to finish."""
    log: Literal["auto", "text", "json"] = "auto"
    """auto: text on a terminal, JSON elsewhere."""

    @field_validator("listen")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        if text != "off":
            split_address(text)
        return text


class HistoryConfig(Strict):
    keep: Annotated[Duration, at_least("1d")] = timedelta(days=365)
    """How long runs and plans can be looked at and undone; the last run of each profile stays."""


class ControlConfig(Strict):
    """Many phone systems: where their control database is, and what the workers need of this machine."""

    database: str
    """The control database: postgresql://user@host/database."""
    keys: ProfilePath | None = None
    """The file of the keys that secrets in the control database are encrypted with; see `tenants secrets new-key`."""
    files: ProfilePath = Path("/etc/pbx-connector/tenants")
    """A folder with a folder for each tenant: the files outside of what is published that its profiles may read."""
    cache: ProfilePath | None = None
    """Where published files are laid out for a run; default: in your cache folder."""
    connections: Annotated[int, Field(ge=3, le=500)] = 10
    """To each database, at most; a worker needs two more than it makes runs at a time."""
    domain: HostName | None = None
    """Phones and browsers reach the tenant `acme` as `acme.DOMAIN`, whatever host names it has besides."""


@dataclass(frozen=True, slots=True)
class PluginConfig:
    """What a plugin's section under `plugins:` can say, as the hook `pbx_config` returns it."""

    model: type[BaseModel]
    """With `extra="forbid"`, so that a mistyped key is told; secrets as `pbx_connector.api.Secret`, paths as
    `pbx_connector.api.ProfilePath`."""
    of_the_machine: Collection[str] = ()
    """Keys that a provider says for all phone systems, and none of them for itself, such as addresses to listen on."""
    own_address: str = ""
    """The key, if there is one, of the address at which a provider himself is answered: no phone system can have its
    host name."""


class Config(Strict):
    """The configuration, `config.yaml`, with what its defaults are."""

    store: str | None = None
    """Where the phone book is, such as sqlite:///book.sqlite; default: a file in your data folder."""
    profiles: ProfilePath | None = None
    """The folder of profile files; default: `profiles` beside this file."""
    timezone: str | None = None
    """Whose clock schedules go by; default: the machine's."""
    mail: MailConfig | None = None
    webhook: WebhookConfig | None = None
    notify: NotifyConfig = NotifyConfig()
    service: ServiceConfig = ServiceConfig()
    history: HistoryConfig = HistoryConfig()
    control: ControlConfig | None = None
    """For a provider of many phone systems."""
    plugins: Mapping[str, Any] = {}
    """A section for each installed plugin that has a configuration, under its name: as written, or once the plugins
    are loaded as the plugin's own model, None if the plugin requires keys and has no section."""

    @field_validator("timezone")
    @classmethod
    def _is_a_timezone(cls, name: str | None) -> str | None:
        if name is not None:
            zone(name)
        return name
