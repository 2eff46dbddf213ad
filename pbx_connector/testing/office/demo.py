"""The company that the sandbox starts with: an invented one, with everything in it that makes address books hard.

The people are in demo.json (a folder with `readers` is for these users alone), more customers in generated.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, NoReturn

from pbx_connector.testing.office.directory import Directory
from pbx_connector.testing.office.entities import DirectoryAddress, Folder, Value
from pbx_connector.testing.office.generated import Generator
from pbx_connector.testing.office.server_state import CONTACTS, ServerState

SERVICE_USER: Final = "pbx@example.com"
SHARED_MAILBOX: Final = "sales@example.com"
CLIENT_ID: Final = "5a4db0c5-0000-4000-8000-000000000001"
"""Of the program that may get tokens."""
_SEED: Final = 1
_GENERATED_FOLDERS: Final = ("Customers", "Suppliers", "Partners", "Staff")


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """A user of the phone system who has a mailbox in the office."""

    id: str
    username: str
    email: str


def accounts_of(state: ServerState) -> list[SandboxAccount]:
    """Everybody with a mailbox but the service user and the shared mailbox."""
    people = [user for email, user in state.users.items() if email not in (SERVICE_USER, SHARED_MAILBOX)]
    return [SandboxAccount(f"acc-{user.username}", user.username, user.email) for user in people]


def build_demo(password: str) -> ServerState:
    data = json.loads((files(__package__) / "demo.json").read_text(encoding="utf-8"))
    state = build_users(data["users"], password)
    _fill_folders(state, state.public, data["public"])
    for email, inside in data["private"].items():
        _fill(state, state.contacts(email), inside)
    _fill_directory(state.directory, data["directory"])
    return state


@dataclass(frozen=True, slots=True)
class Size:
    """How big a generated organisation is."""

    contacts: int
    """In public folders, all together, or else see `public`."""
    seed: int = 1
    mailboxes: int = 3
    """People, besides the service user."""
    each: int = 0
    """Contacts in each of their mailboxes."""
    public: bool = True
    """False: the contacts of the public folders lie in the mailboxes of the people instead, one after the other, for
    protocols that know no public folders. The contacts are the same."""


def build_generated(password: str, size: Size) -> ServerState:
    """An organisation of that size; the same for the same seed."""
    numbers = range(1, size.mailboxes + 1)
    people = [{"email": f"user{n}@example.com", "username": f"user{n}", "name": f"User {n}"} for n in numbers]
    service = {"email": SERVICE_USER, "username": "pbx", "name": "Phone System"}
    state = build_users([service, *people], password)
    generator = Generator(size.seed)
    company = state.add_folder(state.public, "Company Contacts")
    folders = [state.add_folder(company, name) for name in _GENERATED_FOLDERS]
    if not size.public:
        folders = [state.contacts(person["email"]) for person in people] or [state.contacts(SERVICE_USER)]
    for at in range(size.contacts):
        state.add_values(folders[at % len(folders)], generator)
    for person in people:
        for _ in range(size.each):
            state.add_values(state.contacts(person["email"]), generator)
    return state


def build_users(users: list[dict[str, str]], password: str) -> ServerState:
    """An organisation of these users, where the service user may impersonate everybody."""
    state = ServerState()
    for user in users:
        state.add_user(**user, password=password)
    state.set_impersonation(SERVICE_USER, "*")
    return state


def _fill_directory(directory: Directory, data: dict[str, Any]) -> None:
    for email, user in data["known"].items():
        directory.user(email).purpose = user.get("purpose", "user")
        directory.update(directory.user(email), **user["values"])
    for user in data["users"]:
        directory.add_user(user["email"], user["name"], user.get("purpose", "user"), **user["values"])
    for email, user in data["known"].items():
        directory.user(email).manager = directory.user(user["manager"]) if "manager" in user else None
    for contact in data["contacts"]:
        directory.add("orgContact", contact["mail"], contact)
    _fill_groups(directory, data["groups"])


def _fill_groups(directory: Directory, groups: list[dict[str, Any]]) -> None:
    made = {group["displayName"]: directory.add("group", group["mail"], group) for group in groups}
    for group in made.values():
        for name in group.values.pop("members"):
            member = made.get(name) or directory.find(name) or directory.find(name, "orgContact")
            group.members.append(member or _nobody(name))


def _nobody(name: str) -> NoReturn:
    raise KeyError(f"no {name!r} in the directory")


def _fill_folders(state: ServerState, parent: Folder, folders: dict[str, Any]) -> None:
    for name, inside in folders.items():
        _fill(state, state.add_folder(parent, name, inside.get("class", CONTACTS)), inside)


def _fill(state: ServerState, folder: Folder, inside: dict[str, Any]) -> None:
    if "readers" in inside:
        state.share(folder, *inside["readers"])
    for contact in inside.get("contacts", ()):
        values = {name: _read_value(value) for name, value in contact.items() if name != "kind"}
        state.add_values(folder, values, contact.get("kind", "Contact"))
    for _ in range(inside.get("generated", 0)):
        state.add_values(folder, Generator(_SEED))
    _fill_folders(state, folder, inside.get("folders", {}))


def _read_value(value: Any) -> Value:
    if isinstance(value, list):
        return tuple(value)
    return DirectoryAddress(**value) if isinstance(value, dict) else str(value)
