"""The devices that may ask for the phone book: who they are, when they asked last, made and removed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pbx_connector.api import Device, DeviceAccess, PhoneBook, UsageError, application
from pbx_web.asking import Ask
from pbx_web.page import Action, Done, NotFound, Page, Shown
from pbx_web.permissions import Role

AuditAction = application.audit.AuditAction
SIZE = 100
"""Devices on a page."""


def show(ask: Ask) -> Shown:
    return _list(ask)


def _list(
    ask: Ask,
    typed: Mapping[str, str] | None = None,
    error: UsageError | None = None,
) -> Shown:
    after = ask.query.get("after", "")
    devices = [device for device in ask.store.devices() if device.id > after]
    values: dict[str, Any] = {
        "devices": devices[:SIZE],
        "following": devices[SIZE - 1].id if len(devices) > SIZE else "",
        "after": after,
        "accounts": ask.store.accounts(),
        "access": ask.site.device_access,
        "typed": typed or {},
        "error": error,
    }
    said = [application.views.device(device) for device in devices]
    return Shown(template="devices.html", values=values, json=said, status=400 if error else 200)


def add(ask: Ask) -> Shown:
    access, typed = ask.site.device_access, {name: str(value) for name, value in ask.form.items()}
    try:
        options = _options(access, typed)
        name, account = ask.text("name"), ask.text("account") or None
        made = application.devices.add_device(ask.store, name, account, options, phone_system=ask.site.id or None)
    except UsageError as error:
        if ask.wants_json:
            raise
        return _list(ask, typed, error)
    ask.note(AuditAction.DEVICE_ADDED, made.device.id)
    return _made(ask, made, ask.language("The device may ask."))


def _options(access: Sequence[DeviceAccess], typed: Mapping[str, str]) -> dict[str, str]:
    """Of all who serve devices. Raises `UsageError`."""
    options: dict[str, str] = {}
    for each in access:
        given = {option.name: typed.get(option.name, "").strip() for option in each.options}
        options |= each.check({name: value for name, value in given.items() if value})
    return options


def rotate(ask: Ask) -> Shown:
    made = application.devices.rotate_device(ask.store, _device(ask).id, phone_system=ask.site.id or None)
    ask.note(AuditAction.DEVICE_CHANGED, made.device.id, detail={"secret": "new"})
    return _made(ask, made, ask.language("The device has a new secret; the old one is worth nothing from now on."))


def _made(ask: Ask, made: application.devices.MadeDevice, message: str) -> Shown:
    """The answer itself, not a page to go on to: the secret is shown in it, and kept nowhere."""
    told: dict[str, str] = {}
    for each in ask.site.device_access:
        told |= each.describe(made.device, made.secret, ask.store)
    told = told or {"Id": made.device.id, "Secret": made.secret}
    values = {"device": made.device, "told": told, "message": message}
    return Shown(template="device_made.html", values=values, json=application.views.made_device(made, told))


def one(ask: Ask) -> Shown:
    return _one(ask, _device(ask), "", "")


def try_out(ask: Ask) -> Shown:
    """What the device would show; without the private entries of its account for whoever may not see them."""
    device, wanted = _device(ask), ask.text("asked").strip()
    asker = device if ask.sees_personal else replace(device, account=None)
    book = PhoneBook(ask.site.store)
    found = [each.preview(book, asker, wanted) for each in ask.site.device_access if each.preview] if wanted else []
    return _one(ask, device, wanted, "\n\n".join(found))


def _one(ask: Ask, device: Device, asked: str, answer: str) -> Shown:
    values = {
        "device": device,
        "asked": asked,
        "answer": answer,
        "can_try": any(each.preview for each in ask.site.device_access),
    }
    said = application.views.tried_device(device, answer)
    return Shown(template="device.html", values=values, json=said)


def remove(ask: Ask) -> Done:
    device = application.devices.remove_device(ask.store, _device(ask).id)
    ask.note(AuditAction.DEVICE_REMOVED, device.id)
    message = ask.language("The device may ask no more.")
    return Done(to="/devices", message=message, json=application.views.device(device))


def _device(ask: Ask) -> Device:
    device = ask.store.device(ask.path["device"])
    if device is None:
        raise NotFound(ask.language("There is no such device."))
    return device


PAGES = (
    Page("/devices", Role.ADMIN, show),
    Action("/devices/add", Role.ADMIN, add, longest=20_000),
    Page("/devices/{device}", Role.ADMIN, one),
    Action("/devices/{device}/try", Role.ADMIN, try_out, longest=20_000),
    Action("/devices/{device}/rotate", Role.ADMIN, rotate, longest=20_000),
    Action("/devices/{device}/remove", Role.ADMIN, remove, longest=20_000),
)
