"""All that a plugin needs, in one place; plugins import this and `pbx_connector.testing`, nothing else of ours."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pbx_rules import Cost, Diagnostic, Example, Function, Parameter, Value
from pbx_rules.types import ANY, BOOLEAN, DATE, LIST, NUMBER, TEXT, Type

from pbx_connector import application
from pbx_connector.config import Config, MailConfig, PluginConfig, WebhookConfig
from pbx_connector.contact_fields import (
    ADDRESS_KINDS,
    ADDRESS_PARTS,
    CONTACT_FIELDS,
    CONTACT_KNOWN_BY,
    address_line,
    calendar_day,
)
from pbx_connector.counting import counted
from pbx_connector.error_text import ErrorText
from pbx_connector.errors import (
    AuthenticationFailed,
    ConnectorError,
    MachineError,
    ProtocolViolation,
    SourceError,
    SourceUnavailable,
    StoreError,
    UsageError,
)
from pbx_connector.extensions import Command, DeviceReader, Exporter, ExportOptions, PhoneBook, PluginContext, Server
from pbx_connector.files import UnreadableFile, open_regular, read_certificates
from pbx_connector.folder_patterns import FolderSettings, PatternUse
from pbx_connector.hookspecs import hookimpl
from pbx_connector.known_rows import KnownRows
from pbx_connector.logs import set_up as set_up_logs
from pbx_connector.machine import machine_error
from pbx_connector.model import (
    Account,
    Book,
    BookGone,
    BookReport,
    BookStatus,
    BookUnknown,
    Counts,
    End,
    Gone,
    Mapped,
    Problem,
    Record,
    Report,
    Row,
    RunStatus,
    Skipped,
    StreamItem,
    Unchanged,
    Unreadable,
)
from pbx_connector.network import (
    Allowance,
    EndlessList,
    ListLimit,
    RefusalLimit,
    RetryDelays,
    ber,
    is_protected,
    quoted,
    retry_after,
    whole_number,
)
from pbx_connector.notice import Notice, NoticeKind
from pbx_connector.plan import Action, Change, Content, FieldChange, PlanSummary
from pbx_connector.pool import Pool
from pbx_connector.secret import Secret
from pbx_connector.settings import (
    EmailAddress,
    OptionalText,
    OutsideRows,
    ProfilePath,
    SettingsModel,
    WebAddress,
    blank_is_none,
    switch,
)
from pbx_connector.source import (
    Check,
    Field,
    FieldSet,
    Migration,
    Question,
    Source,
    SourceContext,
    SourceType,
    Template,
)
from pbx_connector.stores import (
    ALL,
    AccountImport,
    AccountScope,
    AtLeast,
    AtMost,
    Condition,
    Device,
    Entry,
    Equal,
    Every,
    Identified,
    KeptPlan,
    Key,
    Label,
    Labelled,
    Left,
    Match,
    Not,
    Order,
    Origin,
    Position,
    Present,
    ProfileState,
    RunKind,
    RunRecord,
    Sighting,
    Some,
    Store,
    Substrings,
    Undone,
    position,
)
from pbx_connector.stores.normalization import numbers_in
from pbx_connector.targets import TARGETS, Target
from pbx_connector.visible import shown

if TYPE_CHECKING:
    from pbx_connector.network.deadline import DEADLINE_POOLS
    from pbx_connector.notifications.outbox import Attempt, Undelivered
    from pbx_connector.profile import Checked, LoadedProfile, Profile
    from pbx_connector.run import Progress, Simulation
    from pbx_connector.schedule import Schedule

__all__ = [
    "ADDRESS_KINDS",
    "ADDRESS_PARTS",
    "ALL",
    "ANY",
    "BOOLEAN",
    "CONTACT_FIELDS",
    "CONTACT_KNOWN_BY",
    "DATE",
    "DEADLINE_POOLS",
    "LIST",
    "NUMBER",
    "TARGETS",
    "TEXT",
    "Account",
    "AccountImport",
    "AccountScope",
    "Action",
    "Allowance",
    "AtLeast",
    "AtMost",
    "Attempt",
    "AuthenticationFailed",
    "Book",
    "BookGone",
    "BookReport",
    "BookStatus",
    "BookUnknown",
    "Change",
    "Check",
    "Checked",
    "Command",
    "Condition",
    "Config",
    "ConnectorError",
    "Content",
    "Cost",
    "Counts",
    "Device",
    "DeviceReader",
    "Diagnostic",
    "EmailAddress",
    "End",
    "EndlessList",
    "Entry",
    "Equal",
    "ErrorText",
    "Every",
    "Example",
    "ExportOptions",
    "Exporter",
    "Field",
    "FieldChange",
    "FieldSet",
    "FolderSettings",
    "Function",
    "Gone",
    "Identified",
    "KeptPlan",
    "Key",
    "KnownRows",
    "Label",
    "Labelled",
    "Left",
    "ListLimit",
    "LoadedProfile",
    "MachineError",
    "MailConfig",
    "Mapped",
    "Match",
    "Migration",
    "Not",
    "Notice",
    "NoticeKind",
    "OptionalText",
    "Order",
    "Origin",
    "OutsideRows",
    "Parameter",
    "PatternUse",
    "PhoneBook",
    "PlanSummary",
    "PluginConfig",
    "PluginContext",
    "Pool",
    "Position",
    "Present",
    "Problem",
    "Profile",
    "ProfilePath",
    "ProfileState",
    "Progress",
    "ProtocolViolation",
    "Question",
    "Record",
    "RefusalLimit",
    "Report",
    "RetryDelays",
    "Row",
    "RunKind",
    "RunRecord",
    "RunStatus",
    "Schedule",
    "Secret",
    "Server",
    "SettingsModel",
    "Sighting",
    "Simulation",
    "Skipped",
    "Some",
    "Source",
    "SourceContext",
    "SourceError",
    "SourceType",
    "SourceUnavailable",
    "Store",
    "StoreError",
    "StreamItem",
    "Substrings",
    "Target",
    "Template",
    "Type",
    "Unchanged",
    "Undelivered",
    "Undone",
    "Unreadable",
    "UnreadableFile",
    "UsageError",
    "Value",
    "WebAddress",
    "WebhookConfig",
    "address_line",
    "application",
    "ber",
    "blank_is_none",
    "calendar_day",
    "counted",
    "hookimpl",
    "is_protected",
    "machine_error",
    "numbers_in",
    "open_regular",
    "position",
    "quoted",
    "read_certificates",
    "retry_after",
    "set_up_logs",
    "shown",
    "switch",
    "whole_number",
]

_LATE = {
    "DEADLINE_POOLS": "pbx_connector.network.deadline",
    "Attempt": "pbx_connector.notifications.outbox",
    "Undelivered": "pbx_connector.notifications.outbox",
    "Checked": "pbx_connector.profile",
    "LoadedProfile": "pbx_connector.profile",
    "Profile": "pbx_connector.profile",
    "Progress": "pbx_connector.run",
    "Schedule": "pbx_connector.schedule",
    "Simulation": "pbx_connector.run",
}
"""Loaded when it is used: what only some plugins need, as functions of the application layer take and give it, or as
it comes with a library that not every command uses."""


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)
