"""All that a plugin needs, in one place; plugins import this and `pbx_connector.testing`, nothing else of ours."""

from __future__ import annotations

from pbx_rules import Example, Function, Parameter, Value
from pbx_rules.types import ANY, BOOLEAN, DATE, LIST, NUMBER, TEXT, Type

from pbx_connector.config import Config, MailConfig, WebhookConfig
from pbx_connector.errors import (
    AuthenticationFailed,
    ConnectorError,
    ProtocolViolation,
    SourceError,
    SourceUnavailable,
)
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
from pbx_connector.pool import Pool
from pbx_connector.secret import Secret
from pbx_connector.settings import ProfilePath
from pbx_connector.source import Check, Field, FieldSet, Question, Source, SourceContext, SourceType, Template

__all__ = [
    "ANY",
    "BOOLEAN",
    "DATE",
    "LIST",
    "NUMBER",
    "TEXT",
    "Account",
    "AuthenticationFailed",
    "Book",
    "BookGone",
    "BookUnknown",
    "Check",
    "Config",
    "ConnectorError",
    "End",
    "Example",
    "Field",
    "FieldSet",
    "Function",
    "Gone",
    "MailConfig",
    "Notice",
    "NoticeKind",
    "Parameter",
    "Pool",
    "Problem",
    "ProfilePath",
    "ProtocolViolation",
    "Question",
    "Report",
    "Row",
    "RunStatus",
    "Secret",
    "Skipped",
    "Source",
    "SourceContext",
    "SourceError",
    "SourceType",
    "SourceUnavailable",
    "StreamItem",
    "Template",
    "Type",
    "Unchanged",
    "Unreadable",
    "Value",
    "WebhookConfig",
    "hookimpl",
]
