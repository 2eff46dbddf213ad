"""The numbers of RFC 4511 and its relatives: results, kinds of messages, controls."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """How an operation ended; RFC 4511, appendix A."""

    SUCCESS = 0
    OPERATIONS_ERROR = 1
    PROTOCOL_ERROR = 2
    TIME_LIMIT_EXCEEDED = 3
    SIZE_LIMIT_EXCEEDED = 4
    COMPARE_FALSE = 5
    COMPARE_TRUE = 6
    AUTH_METHOD_NOT_SUPPORTED = 7
    ADMIN_LIMIT_EXCEEDED = 11
    UNAVAILABLE_CRITICAL_EXTENSION = 12
    CONFIDENTIALITY_REQUIRED = 13
    NO_SUCH_ATTRIBUTE = 16
    UNDEFINED_ATTRIBUTE_TYPE = 17
    INAPPROPRIATE_MATCHING = 18
    NO_SUCH_OBJECT = 32
    INVALID_DN_SYNTAX = 34
    INAPPROPRIATE_AUTHENTICATION = 48
    INVALID_CREDENTIALS = 49
    INSUFFICIENT_ACCESS_RIGHTS = 50
    BUSY = 51
    UNAVAILABLE = 52
    UNWILLING_TO_PERFORM = 53
    OTHER = 80


class Tag(IntEnum):
    """What a message is."""

    BIND = 0x60
    BIND_ANSWER = 0x61
    UNBIND = 0x42
    SEARCH = 0x63
    ENTRY = 0x64
    SEARCH_DONE = 0x65
    MODIFY = 0x66
    ADD = 0x68
    DELETE = 0x4A
    RENAME = 0x6C
    COMPARE = 0x6E
    COMPARE_ANSWER = 0x6F
    ABANDON = 0x50
    EXTENDED = 0x77
    EXTENDED_ANSWER = 0x78


WRITES = {Tag.MODIFY: 0x67, Tag.ADD: 0x69, Tag.DELETE: 0x6B, Tag.RENAME: 0x6D}
"""To the tag of the answer."""


class Scope(IntEnum):
    BASE = 0
    ONE_LEVEL = 1
    SUBTREE = 2


PAGED = "1.2.840.113556.1.4.319"
SORT = "1.2.840.113556.1.4.473"
SORTED = "1.2.840.113556.1.4.474"
MANAGE_DSA_IT = "2.16.840.1.113730.3.4.2"
START_TLS = "1.3.6.1.4.1.1466.20037"
DISCONNECTION = "1.3.6.1.4.1.1466.20036"
ALL_OPERATIONAL = "1.3.6.1.4.1.4203.1.5.1"
TRUE_FALSE_FILTERS = "1.3.6.1.4.1.4203.1.5.3"
CONTROLS = (PAGED, SORT, MANAGE_DSA_IT)
"""The last one says that an entry is meant and not what it refers to; here nothing refers to anything."""
