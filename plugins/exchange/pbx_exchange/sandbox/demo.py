"""The company that the sandbox starts with: an invented one, with everything in it that makes address books hard.

The people are in demo.json (a folder with `readers` is for these users alone), more customers in generated.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from pbx_exchange.sandbox.generated import Generator
from pbx_exchange.sandbox.things import DirectoryAddress, Folder, Value
from pbx_exchange.sandbox.world import CONTACTS, World

SERVICE_USER: Final = "pbx@example.com"
SHARED_MAILBOX: Final = "sales@example.com"
_SEED: Final = 1
_GENERATED_FOLDERS: Final = ("Customers", "Suppliers", "Partners", "Staff")


def build_demo(password: str) -> World:
    data = json.loads((files(__package__) / "demo.json").read_text(encoding="utf-8"))
    world = build_users(data["users"], password)
    _fill_folders(world, world.public, data["public"])
    for email, inside in data["private"].items():
        _fill(world, world.contacts(email), inside)
    return world


@dataclass(frozen=True, slots=True)
class Size:
    """How big a generated organisation is."""

    contacts: int
    """In public folders, all together."""
    seed: int = 1
    mailboxes: int = 3
    """People, besides the service user."""
    each: int = 0
    """Contacts in each of their mailboxes."""


def build_generated(password: str, size: Size) -> World:
    """An organisation of that size; the same for the same seed."""
    numbers = range(1, size.mailboxes + 1)
    people = [{"email": f"user{n}@example.com", "username": f"user{n}", "name": f"User {n}"} for n in numbers]
    service = {"email": SERVICE_USER, "username": "pbx", "name": "Phone System"}
    world = build_users([service, *people], password)
    generator = Generator(size.seed)
    company = world.add_folder(world.public, "Company Contacts")
    folders = [world.add_folder(company, name) for name in _GENERATED_FOLDERS]
    for at in range(size.contacts):
        world.add_values(folders[at % len(folders)], generator)
    for person in people:
        for _ in range(size.each):
            world.add_values(world.contacts(person["email"]), generator)
    return world


def build_users(users: list[dict[str, str]], password: str) -> World:
    """An organisation of these users, where the service user may impersonate everybody."""
    world = World()
    for user in users:
        world.add_user(**user, password=password)
    world.set_impersonation(SERVICE_USER, "*")
    return world


def _fill_folders(world: World, parent: Folder, folders: dict[str, Any]) -> None:
    for name, inside in folders.items():
        _fill(world, world.add_folder(parent, name, inside.get("class", CONTACTS)), inside)


def _fill(world: World, folder: Folder, inside: dict[str, Any]) -> None:
    if "readers" in inside:
        world.share(folder, *inside["readers"])
    for contact in inside.get("contacts", ()):
        values = {name: _read_value(value) for name, value in contact.items() if name != "kind"}
        world.add_values(folder, values, contact.get("kind", "Contact"))
    for _ in range(inside.get("generated", 0)):
        world.add_values(folder, Generator(_SEED))
    _fill_folders(world, folder, inside.get("folders", {}))


def _read_value(value: Any) -> Value:
    if isinstance(value, list):
        return tuple(value)
    return DirectoryAddress(**value) if isinstance(value, dict) else str(value)
