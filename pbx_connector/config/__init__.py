"""The one `config.yaml`: where store and profiles are and how to reach people, for command line and service alike."""

from pbx_connector.config.loading import ConfigFile, load_config, variables
from pbx_connector.config.model import (
    Config,
    ControlConfig,
    MailConfig,
    NotifyConfig,
    PluginConfig,
    ServiceConfig,
    WebhookConfig,
)

__all__ = [
    "Config",
    "ConfigFile",
    "ControlConfig",
    "MailConfig",
    "NotifyConfig",
    "PluginConfig",
    "ServiceConfig",
    "WebhookConfig",
    "load_config",
    "variables",
]
