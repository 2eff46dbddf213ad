"""The state of the sandbox: who there is, which folders and items, and who may do what.

Operations read and change it for clients; tests and the demo change it directly. All access is under `lock`.
Neighbours: entities.py (the data), demo.py and generated.py (its contents at start).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from pbx_connector.testing.office.directory import Directory
from pbx_connector.testing.office.entities import (
    Application,
    Folder,
    Item,
    Kind,
    Mailbox,
    Principal,
    Removed,
    Right,
    User,
    Value,
    Values,
)
from pbx_connector.testing.office.habits import Habits
from pbx_connector.testing.office.identifiers import decode_id

CONTACTS = "IPF.Contact"
_MAILBOX_FOLDERS = (
    ("inbox", "Inbox", "IPF.Note"),
    ("deleteditems", "Deleted Items", "IPF.Note"),
    ("sentitems", "Sent Items", "IPF.Note"),
    ("drafts", "Drafts", "IPF.Note"),
    ("outbox", "Outbox", "IPF.Note"),
    ("junkemail", "Junk Email", "IPF.Note"),
    ("tasks", "Tasks", "IPF.Task"),
    ("notes", "Notes", "IPF.StickyNote"),
    ("journal", "Journal", "IPF.Journal"),
    ("calendar", "Calendar", "IPF.Appointment"),
    ("contacts", "Contacts", CONTACTS),
)
_CONTACT_SUBFOLDERS = (
    ("recipientcache", "Recipient Cache", "IPF.Contact.RecipientCache"),
    (None, "GAL Contacts", "IPF.Contact.GalContacts"),
    (None, "PeopleCentricConversation Buddies", "IPF.Contact.PeopleCentricConversationBuddies"),
    (None, "{06967759-274D-40B2-A3EB-D7F9E73727D7}", "IPF.Contact.MOC.QuickContacts"),
    (None, "{A9E2BC46-B3A0-4243-B315-60D991004455}", "IPF.Contact.MOC.ImContactList"),
)


class ServerState:
    """An organisation, empty but for the root of its public folders."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.habits = Habits()
        self.users: dict[str, User] = {}
        self.applications: dict[str, Application] = {}
        self.mailboxes: dict[str, Mailbox] = {}
        self.folders: dict[int, Folder] = {}
        self.items: dict[int, Item] = {}
        self.directory = Directory()
        self._moved: dict[int, int] = {}
        self._version = 0
        self._number = 0
        self.public = self._make_folder(None, "IPM_SUBTREE", "IPF.Note", None, "publicfoldersroot")
        self.public.everyone = Right.EDIT

    # --- making it -----------------------------------------------------------------------------------------------

    def add_user(self, email: str, username: str, password: str, *, name: str = "") -> Mailbox:
        """A user with a mailbox and its usual folders."""
        with self.lock:
            self.users[email.lower()] = User(email, username, password)
            mailbox = self.mailboxes[email.lower()] = Mailbox(email, name or username)
            self.directory.add_user(email, name or username)
            root = self._make_folder(None, "", "", mailbox, "root")
            top = self._make_folder(root, "Top of Information Store", "IPF.Note", mailbox, "msgfolderroot")
            for key, title, folder_class in _MAILBOX_FOLDERS:
                self._make_folder(top, title, folder_class, mailbox, key)
            for inner, title, folder_class in _CONTACT_SUBFOLDERS:
                self._make_folder(mailbox.distinguished["contacts"], title, folder_class, mailbox, inner)
            return mailbox

    def remove_user(self, email: str) -> None:
        """The user leaves, and the mailbox with all that is in it goes too."""
        with self.lock:
            del self.users[email.lower()]
            self._drop(self.mailboxes.pop(email.lower()).root)
            self.directory.delete(self.directory.user(email))

    def add_folder(self, parent: Folder, name: str, folder_class: str = CONTACTS) -> Folder:
        """A new folder; it starts with the rights of its parent."""
        with self.lock:
            return self._make_folder(parent, name, folder_class, parent.mailbox)

    def rename_folder(self, folder: Folder, name: str) -> None:
        with self.lock:
            folder.name, folder.version = name, self._next_version()

    def move_folder(self, folder: Folder, target: Folder) -> None:
        """The folder in another place, under the same id, as are the items in it; so Outlook deletes folders."""
        with self.lock:
            if folder.parent is None or folder is target or target in folder.walk():
                raise ValueError("a root, or a folder into itself, cannot be moved")
            del folder.parent.children[folder.number]
            folder.parent, folder.version = target, self._next_version()
            target.children[folder.number] = folder

    def delete_folder(self, folder: Folder, *, linger: bool = False) -> None:
        """Delete a folder. One that lingers shows as empty, and only GetFolder tells that it is not there."""
        with self.lock:
            if folder.parent is None:
                raise ValueError("a root cannot be deleted")
            del folder.parent.children[folder.number]
            if linger:
                self._leave_ghost(folder)
            else:
                self._drop(folder)

    def add(self, folder: Folder, kind: Kind = "Contact", **values: Value) -> Item:
        """A new item; see entities.py for the names of values."""
        return self.add_values(folder, values, kind)

    def add_values(self, folder: Folder, values: Values | Callable[[int], Values], kind: Kind = "Contact") -> Item:
        """A new item with values given as a mapping, or made from the item's number whenever they are asked for."""
        with self.lock:
            item = Item(folder, self._next_number(), kind, values, self._next_version())
            self._place(item, folder)
            return item

    def update(self, item: Item, **values: Value | None) -> None:
        """Set values; None removes one."""
        with self.lock:
            merged = {**item.values, **values}
            self.replace_values(item, {name: value for name, value in merged.items() if value is not None})

    def replace_values(self, item: Item, values: Values) -> None:
        with self.lock:
            item.values = values
            item.version = self._next_version()
            item.folder.log.note(item.version, item.number)

    def remove(self, item: Item) -> None:
        with self.lock:
            self._take(item)
            del self.items[item.number]

    def move(self, item: Item, target: Folder) -> Item:
        """The item in its new folder, under a new id; only its identity stays."""
        with self.lock:
            values = item.values
            self.remove(item)
            moved = Item(target, self._next_number(), item.kind, values, self._next_version(), item.identity)
            self._place(moved, target)
            self._moved[item.identity] = moved.number
            return moved

    def hold_content(self, folder: Folder, public_mailbox: str) -> None:
        """Keep the items of a public folder (not of those below) in one of several public folder mailboxes, of this
        address: its name is its id, as Exchange has it."""
        with self.lock:
            folder.content_mailbox = public_mailbox.lower()

    # --- rights --------------------------------------------------------------------------------------------------

    def set_right(self, folder: Folder, email: str, right: Right) -> None:
        """What one user may do in one folder (not in the folders below)."""
        with self.lock:
            folder.rights[email.lower()] = right

    def share(self, folder: Folder, *readers: str) -> None:
        """Let these users read a folder, and nobody else but its owner."""
        with self.lock:
            folder.everyone = Right.NONE
            folder.rights = {email.lower(): Right.READ for email in readers}

    def set_impersonation(self, email: str, mailbox: str, allowed: bool = True) -> None:
        """Let a user impersonate a mailbox (`*`: every mailbox), or stop that."""
        with self.lock:
            granted = self.users[email.lower()].impersonates
            (granted.add if allowed else granted.discard)(mailbox.lower())

    def add_application(self, client_id: str, secret: str, *, certificate: bytes | None = None) -> Application:
        """A program that may log in with tokens, and impersonate everybody until `impersonates` says otherwise."""
        with self.lock:
            made = self.applications[client_id] = Application(client_id, secret, certificate)
            return made

    def may_impersonate(self, user: Principal, mailbox: Mailbox) -> bool:
        return bool(user.impersonates & {"*", mailbox.email.lower()})

    # --- looking entities up -------------------------------------------------------------------------------------

    def folder(self, path: str, mailbox: str | None = None) -> Folder:
        """By path from the public root, or from the top of a mailbox: `Company/Customers`, `Contacts/Friends`."""
        with self.lock:
            here = self.mailboxes[mailbox.lower()].distinguished["msgfolderroot"] if mailbox else self.public
            for name in path.split("/"):
                here = next((child for child in here.children.values() if child.name == name), None) or _missing(path)
            return here

    def contacts(self, mailbox: str) -> Folder:
        """The default contacts folder of a mailbox."""
        return self.mailboxes[mailbox.lower()].distinguished["contacts"]

    def find(self, **values: Value) -> Item:
        """The first item with all these values."""
        with self.lock:
            return next(item for item in self.items.values() if values.items() <= item.values.items())

    def find_folder(self, folder_id: str) -> Folder | None:
        """By id, None if there is none (any more). Raises MalformedId."""
        folder = self.folders.get(decode_id(folder_id))
        return folder if folder and folder.id == folder_id else None

    def find_item(self, item_id: str) -> Item | None:
        """By id, None if there is none (any more). Raises MalformedId."""
        item = self.items.get(decode_id(item_id))
        return item if item and item.id == item_id else None

    def find_identity(self, identity: int) -> Item | None:
        """The item that was made under this number, wherever it is now."""
        return self.items.get(self._moved.get(identity, identity))

    def find_mailbox(self, name: str) -> Mailbox | None:
        """By address or principal name."""
        found = self.mailboxes.get(name.lower())
        return found or next((m for m in self.mailboxes.values() if self._principal(m) == name.lower()), None)

    def find_by_alias(self, name: str) -> Mailbox | None:
        return next((mailbox for mailbox in self.mailboxes.values() if name.lower() in mailbox.aliases), None)

    def find_user(self, name: str) -> User | None:
        """By address, user name, or `DOMAIN\\user`."""
        wanted = name.rpartition("\\")[2].lower()
        with self.lock:
            return next((u for u in self.users.values() if wanted in (u.email.lower(), u.username.lower())), None)

    def _principal(self, mailbox: Mailbox) -> str:
        user = self.users[mailbox.email.lower()]
        return f"{user.username}@{mailbox.email.partition('@')[2]}".lower()

    def walk(self) -> Iterator[Folder]:
        """Every folder there is."""
        return iter(tuple(self.folders.values()))

    # --- the inside ----------------------------------------------------------------------------------------------

    def _next_version(self) -> int:
        self._version += 1
        return self._version

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _make_folder(
        self, parent: Folder | None, name: str, folder_class: str, mailbox: Mailbox | None, key: str | None = None
    ) -> Folder:
        folder = Folder(self._next_number(), parent, name, folder_class, mailbox, self._next_version())
        self.folders[folder.number] = folder
        if parent:
            parent.children[folder.number] = folder
        if key:
            folder.distinguished = key
            if mailbox:
                mailbox.distinguished[key] = folder
        return folder

    def _drop(self, folder: Folder) -> None:
        for gone in (*folder.walk(), folder):
            del self.folders[gone.number]
            if gone.mailbox:
                gone.mailbox.removed_folders[self._next_version()] = gone
            for number in gone.items:
                del self.items[number]

    def _leave_ghost(self, folder: Folder) -> None:
        for left in (*folder.walk(), folder):
            left.ghost = True
            if left.mailbox:
                left.mailbox.removed_folders[self._next_version()] = left
            for item in tuple(left.items.values()):
                self.remove(item)

    def _place(self, item: Item, folder: Folder) -> None:
        self.items[item.number] = folder.items[item.number] = item
        folder.log.note(item.version, item.number)

    def _take(self, item: Item) -> None:
        del item.folder.items[item.number]
        gone = item.folder.removed[item.number] = Removed(
            item.id, item.created, self._next_version(), item.identity, item.kind
        )
        item.folder.log.note(gone.version, item.number)


def _missing(path: str) -> Folder:
    raise KeyError(f"no folder {path!r}")
