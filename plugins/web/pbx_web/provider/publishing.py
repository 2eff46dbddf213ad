"""What runs for a phone system: files are sent and published, versions looked at and gone back to."""

from __future__ import annotations

import json
from typing import Any

from starlette.datastructures import UploadFile

from pbx_connector.api import FileSet, UsageError, application
from pbx_web.asking import Ask
from pbx_web.page import Action, NotFound, Page, Shown
from pbx_web.permissions import Role
from pbx_web.provider.access import moment_of, site_of, tenant_of

publishing, uploads = application.publishing, application.uploads
AuditAction = application.audit.AuditAction
LONGEST = 32 * 2**20
"""Bytes of what is sent: all that a tenant may have, as base64 in JSON."""
LONGEST_NOTE = 500
STATUS = {publishing.Status.WRONG: 422, publishing.Status.REFUSED: 409}


def publish(ask: Ask) -> Shown:
    tenant = tenant_of(ask, Role.EDITOR)
    try:
        planned = publishing.upload(
            site_of(ask).fleet,
            tenant.id,
            _files(ask),
            who=ask.known_user.name,
            note=_note(ask),
            base=_number(ask.typed("base")) if ask.typed("base") else None,
        )
    except UsageError as error:
        if ask.wants_json:
            raise
        return _shown(ask, tenant.id, None, error)
    simulate = bool(ask.typed("simulate"))
    done = publishing.result(site_of(ask).fleet, planned, simulate=simulate)
    if done.version:
        ask.note(AuditAction.PUBLISHED, tenant.id, detail={"version": str(done.version.number)})
    return _shown(ask, tenant.id, done, None)


def _files(ask: Ask) -> FileSet:
    """Raises `UsageError`."""
    sent = ask.form.get("archive")
    if isinstance(sent, UploadFile):
        return uploads.files_of_zip(sent.file)
    if not ask.typed("files"):
        raise UsageError(ask.language("No files were sent."), hint=ask.language("Choose a zip archive."))
    try:
        return uploads.files_of_texts(json.loads(ask.typed("files")))
    except (ValueError, RecursionError):
        raise UsageError("the files are no object of texts by path") from None


def _note(ask: Ask) -> str:
    note = " ".join(ask.typed("note").split())
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise UsageError(f"a note is a text of at most {LONGEST_NOTE} characters")
    return note


def _shown(ask: Ask, tenant: str, done: publishing.Published | None, error: UsageError | None) -> Shown:
    differences: list[str] = []
    if done is not None and done.status is publishing.Status.DIFFERS:
        differences = list(publishing.differences(site_of(ask).fleet, done.publication))
    values: dict[str, Any] = {"tenant": tenant, "done": done, "error": error or (done and done.error)}
    values |= {"differences": differences}
    said = application.views.tenants.published(done) | {"differences": differences} if done else None
    status = STATUS.get(done.status, 200) if done else 400
    return Shown(template="provider_published.html", values=values, json=said, status=status)


def show_version(ask: Ask) -> Shown:
    """With what differs from the one before, for those who may read profiles."""
    tenant = tenant_of(ask, Role.EDITOR)
    version, lines = publishing.version_differences(site_of(ask).fleet, tenant.id, _version(ask))
    values = {"tenant": tenant, "version": version, "differences": lines, "moment_of": moment_of}
    said = application.views.tenants.version(version) | {"differences": lines}
    return Shown(template="provider_version.html", values=values, json=said)


def roll_back(ask: Ask) -> Shown:
    tenant, number = tenant_of(ask, Role.EDITOR), _version(ask)
    planned = publishing.roll_back(site_of(ask).fleet, tenant.id, number, who=ask.known_user.name)
    done = publishing.result(site_of(ask).fleet, planned)
    if done.version:
        detail = {"version": str(done.version.number), "files of": str(number)}
        ask.note(AuditAction.ROLLED_BACK, tenant.id, detail=detail)
    return _shown(ask, tenant.id, done, None)


def _version(ask: Ask) -> int:
    try:
        return _number(ask.path["number"])
    except UsageError:
        raise NotFound(ask.language("There is no such version.")) from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise UsageError("that is no number of a version", hint="such as: 12")
    return int(text)


PAGES = (
    Action("/tenants/{tenant}/publish", Role.READER, publish, longest=LONGEST),
    Page("/tenants/{tenant}/versions/{number}", Role.READER, show_version),
    Action("/tenants/{tenant}/versions/{number}/rollback", Role.READER, roll_back, longest=20_000),
)
