"""Rules for whatever talks to a server that may be broken or hostile: one place for all sources, whatever they speak.

`credentials` guards log-ins at servers and `throttling` those at ours, `waiting` the time between tries, `deadline`
that of one answer, `listing` the length of lists, `numbers` reads what servers write as numbers, and `quoting` makes
their words fit to be shown; `ber` is how LDAP writes its messages, for whoever asks and whoever answers. Nothing here
sends anything; plugins reach it through `pbx_connector.api`.
"""

from __future__ import annotations

from pbx_connector.network import ber
from pbx_connector.network.credentials import RefusalLimit, is_protected
from pbx_connector.network.listing import Allowance, EndlessList, ListLimit
from pbx_connector.network.numbers import whole_number
from pbx_connector.network.quoting import quoted
from pbx_connector.network.throttling import Throttle, network_of
from pbx_connector.network.waiting import RetryDelays, retry_after

__all__ = [
    "Allowance",
    "EndlessList",
    "ListLimit",
    "RefusalLimit",
    "RetryDelays",
    "Throttle",
    "ber",
    "is_protected",
    "network_of",
    "quoted",
    "retry_after",
    "whole_number",
]
