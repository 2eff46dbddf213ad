"""ResolveNames: users of the organisation by name or address; clients also use it to learn the server's version."""

from __future__ import annotations

from lxml import etree

from pbx_connector.testing.office.entities import Mailbox
from pbx_exchange.sandbox.access import Session
from pbx_exchange.sandbox.operations.messages import answer_one
from pbx_exchange.sandbox.soap import NS, EwsError, escape, write_success


def resolve_names(session: Session, body: etree._Element) -> list[str]:
    entry = body.findtext("m:UnresolvedEntry", "", NS).lower()

    def answer() -> str:
        found = [m for m in session.state.mailboxes.values() if entry in f"{m.email} {m.name}".lower()]
        if not found:
            raise EwsError("ErrorNameResolutionNoResults", "No results were found.")
        paging = f'TotalItemsInView="{len(found)}" IncludesLastItemInRange="true"'
        inner = "".join(_write_resolution(mailbox) for mailbox in found)
        return write_success("ResolveNames", f"<m:ResolutionSet {paging}>{inner}</m:ResolutionSet>")

    return [answer_one("ResolveNames", answer)]


def _write_resolution(mailbox: Mailbox) -> str:
    name, address = escape(mailbox.name), escape(mailbox.email)
    return (
        f"<t:Resolution><t:Mailbox><t:Name>{name}</t:Name><t:EmailAddress>{address}</t:EmailAddress>"
        "<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox></t:Resolution>"
    )
