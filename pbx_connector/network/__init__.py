"""Rules for whatever talks to a server that may be broken or hostile: one place for all sources, whatever they speak.

`credentials` guards log-ins, `waiting` the time between tries, `deadline` that of one answer, `listing` the length of
lists, `numbers` reads what servers write as numbers, and `quoting` makes their words fit to be shown; `ber` is how LDAP
writes its messages, for whoever asks and whoever answers. Nothing here sends anything; plugins reach it through
`pbx_connector.api`.
"""

from __future__ import annotations

from pbx_connector.network import ber
from pbx_connector.network.credentials import RefusalLimit, is_protected
from pbx_connector.network.listing import Allowance, EndlessList, ListLimit
from pbx_connector.network.numbers import whole_number
from pbx_connector.network.quoting import quoted
from pbx_connector.network.waiting import RetryDelays, retry_after

__all__ = [
    "Allowance",
    "EndlessList",
    "ListLimit",
    "RefusalLimit",
    "RetryDelays",
    "ber",
    "is_protected",
    "quoted",
    "retry_after",
    "whole_number",
]
