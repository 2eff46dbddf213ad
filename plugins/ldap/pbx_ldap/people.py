"""Which entries belong to a book: the default filter, and members of groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pbx_ldap import dn
from pbx_ldap.directory import Session
from pbx_ldap.error_catalog import NO_GROUP
from pbx_ldap.settings import LdapSettings
from pbx_ldap.wire.entries import Wanted
from pbx_ldap.wire.filters import Filter, escape, parse_filter

_NUMBERS = (
    *("telephoneNumber", "mobile", "homePhone", "facsimileTelephoneNumber", "pager"),
    *("ipPhone", "otherTelephone", "otherMobile", "otherHomePhone"),
)
_MICROSOFT_ONLY = ("ipPhone", "otherTelephone", "otherMobile", "otherHomePhone")
_MICROSOFT_PEOPLE = "(objectCategory=person)(|(objectClass=user)(objectClass=contact))"
_ENABLED = "(|(objectClass=contact)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))"
_NESTED = ":1.2.840.113556.1.4.1941:"
_MEMBERS = ("member", "uniqueMember")
_MEMBER_NAMES = frozenset(name.lower() for name in _MEMBERS)


def default_filter(settings: LdapSettings, microsoft: bool) -> Filter:
    """People and contacts; only with a number and, where a directory can tell, not disabled, unless asked for."""
    parts = _MICROSOFT_PEOPLE if microsoft else "(objectClass=person)"
    if microsoft and not settings.disabled:
        parts += _ENABLED
    if not settings.without_numbers:
        names = [name for name in _NUMBERS if microsoft or name not in _MICROSOFT_ONLY]
        parts += "(|" + "".join(f"({name}=*)" for name in names) + ")"
    return parse_filter(f"(&{parts})")


@dataclass(frozen=True, slots=True)
class Members:
    """The members of some groups, in the way in which a server can be asked for them."""

    filter: Filter | None = None
    names: frozenset[str] | None = None
    """Normalized, where only lists of members tell."""

    def includes(self, name: str) -> bool:
        return self.names is None or dn.normal(name) in self.names


def members_of(session: Session, groups: Sequence[str], nested: bool) -> Members:
    """Raises `SourceError` for a group that is not there: that is not the same as one without members."""
    if not groups:
        return Members()
    if session.root.is_active_directory:
        return Members(filter=_by_member_of(session, groups, nested))
    return Members(names=_by_lists(session, groups, nested))


def _by_member_of(session: Session, groups: Sequence[str], nested: bool) -> Filter:
    rule = _NESTED if nested else ""
    parts = [f"(memberOf{rule}={escape(group)})" for group in groups]
    for group in groups:
        # A user's primary group, such as Domain Users, stands only there (MS-ADA2, memberOf).
        number = "primarygrouptoken"
        found = session.find(group, ("primaryGroupToken",), Wanted({number: number}))
        if found is None:
            raise NO_GROUP.error("groups:", group)
        if (group_id := found.values.get(number, "")).isdigit():
            parts.append(f"(primaryGroupID={group_id})")
    return parse_filter(f"(|{''.join(parts)})")


def _by_lists(session: Session, groups: Sequence[str], nested: bool) -> frozenset[str]:
    found: set[str] = set()
    queue, seen = list(groups), {dn.normal(group) for group in groups}
    for group in groups:
        if not session.has(group):
            raise NO_GROUP.error("groups:", group)
    while queue:
        for member in _listed(session, queue.pop()):
            name = dn.normal(member)
            found.add(name)
            if nested and name not in seen:
                seen.add(name)
                queue.append(member)
    return frozenset(found)


def _listed(session: Session, group: str) -> Iterable[str]:
    """None for a person, who has no members."""
    wanted = Wanted({}, _MEMBER_NAMES)
    entry = session.find(group, _MEMBERS, wanted)
    if entry is None:
        return ()
    session.complete(entry, wanted)
    return [value for values in entry.lists.values() for value in values]
