"""What was done is noted in short texts and shown page by page."""

from __future__ import annotations

from pbx_connector.application import audit, views
from pbx_connector.application.audit import Actor, AuditAction
from pbx_connector.stores import AuditFilter, open_store


def test_pages_follow_one_another_to_the_end() -> None:
    with open_store("memory:") as store:
        for number in range(5):
            audit.note_audit(store, Actor("ann", "192.0.2.7"), AuditAction.RUN, f"p{number}", run=str(number))
        first = audit.audit_page(store, limit=2)
        second = audit.audit_page(store, before=first.next, limit=3)
        assert [record.target for record in (*first.records, *second.records)] == ["p4", "p3", "p2", "p1", "p0"]
        assert second.next is None
        assert audit.audit_page(store, AuditFilter(user="bob")).records == ()
        assert views.audit_page(first)["next"] == 4
        assert views.audit_page(first)["records"][0].keys() == {
            "id", "time", "user", "address", "action", "target", "detail", "run"
        }  # fmt: skip


def test_what_strangers_send_is_cut_and_made_visible() -> None:
    with open_store("memory:") as store:
        hostile = "\0\udcff\x1b[2J\u202e" + "x" * 10_000
        detail = {f"{hostile}{number}": hostile for number in range(1000)}
        audit.note_audit(store, Actor(hostile, hostile), AuditAction.LOGIN_FAILED, hostile, detail=detail)
        [record] = store.audit()
        texts = (record.user, record.address, record.target, *record.detail, *record.detail.values())
        assert all(len(text) <= audit.LONGEST and text.isprintable() for text in texts)
        assert len(record.detail) <= audit.MOST


def test_who_used_a_command_is_nobody_who_logged_in() -> None:
    with open_store("memory:") as store:
        audit.note_audit(store, Actor(), AuditAction.USER_ADDED, "bob")
        assert store.audit()[0].user == "(command line)"
