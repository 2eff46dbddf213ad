"""Who administers it, and what they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbx_connector.application.views.values import Json, moment

if TYPE_CHECKING:
    from pbx_connector.application.audit import AuditPage
    from pbx_connector.stores import AuditRecord, User


def user(of: User) -> Json:
    return {
        "name": of.name,
        "role": str(of.role),
        "password": of.password is not None,
        "single_sign_on": of.subject is not None and not of.is_visitor,
        "visitor": of.is_visitor,
        "personal": of.personal,
        "disabled": of.disabled,
        "made": moment(of.made),
        "last_login": moment(of.last_login),
    }


def audit_page(of: AuditPage) -> Json:
    return {"records": [_audit_record(record) for record in of.records], "next": of.next}


def _audit_record(of: AuditRecord) -> Json:
    return {
        "id": of.id,
        "time": moment(of.time),
        "user": of.user,
        "address": of.address,
        "action": of.action,
        "target": of.target,
        "detail": dict(of.detail),
        "run": of.run,
    }
