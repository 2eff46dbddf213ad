"""All that a plugin needs, in one place; plugins import this and `pbx_connector.testing`, nothing else of ours."""

from __future__ import annotations

from pbx_rules import Example, Function, Parameter, Value
from pbx_rules.types import ANY, BOOLEAN, DATE, LIST, NUMBER, TEXT, Type

from pbx_connector import application
from pbx_connector.config import Config, MailConfig, PluginConfig, WebhookConfig
from pbx_connector.errors import (
    AuthenticationFailed,
    ConnectorError,
    ProtocolViolation,
    SourceError,
    SourceUnavailable,
    StoreError,
    UsageError,
)
from pbx_connector.extensions import Command, Exporter, PhoneBook, PluginContext, Server
from pbx_connector.hookspecs import hookimpl
from pbx_connector.model import (
    Account,
    Book,
    BookGone,
    BookUnknown,
    End,
    Gone,
    Problem,
    Report,
    Row,
    RunStatus,
    Skipped,
    StreamItem,
    Unchanged,
    Unreadable,
)
from pbx_connector.notice import Notice, NoticeKind
from pbx_connector.plan import Content
from pbx_connector.pool import Pool
from pbx_connector.secret import Secret
from pbx_connector.settings import ProfilePath
from pbx_connector.source import Check, Field, FieldSet, Question, Source, SourceContext, SourceType, Template
from pbx_connector.stores import ALL, AccountScope, Entry, Label, Match, Origin, Store
from pbx_connector.targets import TARGETS, Target

__all__ = [
    "ALL",
    "ANY",
    "BOOLEAN",
    "DATE",
    "LIST",
    "NUMBER",
    "TARGETS",
    "TEXT",
    "Account",
    "AccountScope",
    "AuthenticationFailed",
    "Book",
    "BookGone",
    "BookUnknown",
    "Check",
    "Command",
    "Config",
    "ConnectorError",
    "Content",
    "End",
    "Entry",
    "Example",
    "Exporter",
    "Field",
    "FieldSet",
    "Function",
    "Gone",
    "Label",
    "MailConfig",
    "Match",
    "Notice",
    "NoticeKind",
    "Origin",
    "Parameter",
    "PhoneBook",
    "PluginConfig",
    "PluginContext",
    "Pool",
    "Problem",
    "ProfilePath",
    "ProtocolViolation",
    "Question",
    "Report",
    "Row",
    "RunStatus",
    "Secret",
    "Server",
    "Skipped",
    "Source",
    "SourceContext",
    "SourceError",
    "SourceType",
    "SourceUnavailable",
    "Store",
    "StoreError",
    "StreamItem",
    "Target",
    "Template",
    "Type",
    "Unchanged",
    "Unreadable",
    "UsageError",
    "Value",
    "WebhookConfig",
    "application",
    "hookimpl",
]
