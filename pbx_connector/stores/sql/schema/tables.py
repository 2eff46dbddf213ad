"""The tables of the phone book, as `migrations/` makes them; a test holds the two together.

Ids of entries, books and runs come from `counter`, so that both databases give them alike and none is ever given twice.
Times are seconds since 1970 by the database's clock.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from pbx_connector.model import PHONE_FIELDS
from pbx_connector.stores.normalization import KEYS
from pbx_connector.targets import FIELD_NAMES, TARGET_BY_NAME

metadata = MetaData()

Id = BigInteger().with_variant(Integer(), "sqlite")
Key = Text(collation="C").with_variant(Text(), "sqlite")
"""Text that compares by code point in both databases."""


def required(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def field_columns() -> list[Column[str]]:
    """What an entry says, one column a target field."""
    return [Column(name, Text, nullable=not TARGET_BY_NAME[name].required) for name in FIELD_NAMES]


def tail_columns() -> list[Column[str]]:
    """The last digits of each number: what `lookup` finds candidates by."""
    return [Column(f"{name}_tail", Text) for name in PHONE_FIELDS]


def key_columns() -> list[Column[str]]:
    """What `find` compares by and sorts by."""
    return [Column(f"{name}_key", Key) for name in KEYS]


account = Table(
    "account",
    metadata,
    Column("id", Key, primary_key=True),
    required("username"),
    required("email"),
)

label = Table(
    "label", metadata, Column("id", Id, primary_key=True, autoincrement=False), Column("name", Key, nullable=False)
)
Index("label_name", label.c.name, unique=True)

profile = Table(
    "profile",
    metadata,
    Column("id", Key, primary_key=True),
    required("title"),
    Column("held", Id),  # the undo after which its runs wait
    Column("file", Text),  # where it was run from last
    Column("region", Text),  # of numbers without a country code
    Column("merge", Text),  # JSON: as of the last run that was applied
)

book = Table(
    "book",
    metadata,
    Column("no", Id, primary_key=True, autoincrement=False),
    Column("profile", Key, ForeignKey("profile.id"), nullable=False),
    Column("id", Key, nullable=False),
    required("title"),
    required("kind"),
    Column("account", Key),  # no foreign key: the account may be gone before the source says that its book is
    required("fingerprint"),
    Column("checkpoint", Text),
    UniqueConstraint("profile", "id", name="book_profile_id"),
)

entry = Table(
    "entry",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account", Key, ForeignKey("account.id")),
    *field_columns(),
    *tail_columns(),
    *key_columns(),
    required("search"),
)
Index("entry_account", entry.c.account, entry.c.id)
for _name in KEYS:
    _key = entry.c[f"{_name}_key"]
    Index(f"entry_{_name}_key", _key, sqlite_where=_key.is_not(None), postgresql_where=_key.is_not(None))
for _name in PHONE_FIELDS:
    _tail = entry.c[f"{_name}_tail"]
    Index(f"entry_{_name}_tail", _tail, sqlite_where=_tail.is_not(None), postgresql_where=_tail.is_not(None))

given_way = Table(
    "given_way",
    metadata,
    Column("entry", Id, ForeignKey("entry.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("shown", Id, ForeignKey("entry.id", ondelete="CASCADE"), nullable=False),
    Column("place", Integer, nullable=False),  # among those that give way to the same entry
)
Index("given_way_shown", given_way.c.shown, given_way.c.place)

entry_label = Table(
    "entry_label",
    metadata,
    Column("entry", Id, ForeignKey("entry.id", ondelete="CASCADE"), primary_key=True),
    Column("label", Id, ForeignKey("label.id"), primary_key=True),
    required("value"),
    sqlite_with_rowid=False,
)
Index("entry_label_label", entry_label.c.label)

provenance = Table(
    "provenance",
    metadata,
    Column("entry", Id, ForeignKey("entry.id", ondelete="CASCADE"), primary_key=True),
    Column("book", Id, ForeignKey("book.no", ondelete="CASCADE"), nullable=False),
    Column("row_key", Key, nullable=False),
    Column("record_key", Key, nullable=False),
    required("version"),  # empty: the row must be read again
    required("digest"),
    UniqueConstraint("book", "row_key", "record_key", name="provenance_source"),
)

row_note = Table(
    "row_note",
    metadata,
    Column("book", Id, ForeignKey("book.no", ondelete="CASCADE"), primary_key=True),
    Column("row_key", Key, primary_key=True),
    required("version"),  # as in provenance, and counts before the one there
    required("outcome"),
    required("reason"),
    required("problems"),  # JSON
    sqlite_with_rowid=False,
)

run = Table(
    "run",
    metadata,
    Column("no", Id, primary_key=True, autoincrement=False),
    required("kind"),
    Column("profile", Key),
    required("status"),
    Column("finished", Double, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("blanked", Integer, nullable=False),
    required("report"),  # JSON
    required("note"),
    Column("undone_by", Id),
    Column("released", Boolean, nullable=False),
    Column("undoes", Id),  # what an undo took back, whether it still counts or not
    Column("merge", Text),  # JSON: what it changed `merge` of its profile from, and to; empty if it did not
)
Index("run_profile", run.c.profile, run.c.no)

journal = Table(
    "journal",
    metadata,
    Column("run", Id, ForeignKey("run.no", ondelete="CASCADE"), primary_key=True),
    Column("seq", Id, primary_key=True),
    required("action"),
    Column("entry", Id),
    Column("account", Key),  # a change of an account, not of an entry
    required("book"),  # title
    Column("before", Text),  # JSON
    Column("after", Text),  # JSON
    Column("origin", Text),  # JSON: what a removed entry came from
    sqlite_with_rowid=False,
)
Index("journal_entry", journal.c.entry, journal.c.run)
Index(
    "journal_account",
    journal.c.account,
    sqlite_where=journal.c.account.is_not(None),
    postgresql_where=journal.c.account.is_not(None),
)

plan = Table(
    "plan",
    metadata,
    Column("no", Id, primary_key=True, autoincrement=False),
    Column("profile", Key, nullable=False),
    Column("made", Double, nullable=False),
    required("digest"),
    required("summary"),  # JSON
    required("reasons"),  # JSON
    Column("used", Id),
)

plan_change = Table(
    "plan_change",
    metadata,
    Column("plan", Id, ForeignKey("plan.no", ondelete="CASCADE"), primary_key=True),
    Column("seq", Id, primary_key=True),
    required("action"),
    Column("entry", Id),
    required("book"),
    Column("before", Text),
    Column("after", Text),
    sqlite_with_rowid=False,
)

lease = Table(
    "lease",
    metadata,
    Column("profile", Key, primary_key=True),
    Column("token", Id, nullable=False),
    required("holder"),  # JSON; empty once it is given back
    Column("run", Id, nullable=False),
    Column("renewed", Double, nullable=False),
)

counter = Table("counter", metadata, Column("name", Text, primary_key=True), Column("value", Id, nullable=False))

device = Table(
    "device",
    metadata,
    Column("id", Key, primary_key=True),
    required("name"),
    Column("account", Key),  # no foreign key: the telephone of an account that comes back is its telephone again
    required("options"),  # JSON
    required("verifiers"),  # JSON
    Column("made", Double, nullable=False),
    Column("seen", Double),
    required("seen_from"),
    required("seen_as"),
)

web_user = Table(
    "web_user",
    metadata,
    Column("name", Key, primary_key=True),
    required("role"),
    Column("password", Text),  # a digest
    Column("subject", Text),
    Column("personal", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("made", Double, nullable=False),
    Column("last_login", Double),
)

web_session = Table(
    "web_session",
    metadata,
    Column("digest", Key, primary_key=True),
    Column("user", Key, nullable=False),
    Column("made", Double, nullable=False),
    Column("seen", Double, nullable=False),
    Column("expires", Double, nullable=False),
    required("address"),
    required("provider"),
)
Index("web_session_user", web_session.c.user)

audit = Table(
    "audit",
    metadata,
    Column("no", Id, primary_key=True, autoincrement=False),
    Column("time", Double, nullable=False),
    Column("user", Key, nullable=False),  # no foreign key: what was done stays when who did it is gone
    required("address"),
    Column("action", Key, nullable=False),
    required("target"),
    required("detail"),  # JSON; empty if there is none
    Column("run", Id),  # no foreign key: as in the history, whichever of the two is dropped first
)
Index("audit_user", audit.c.user, audit.c.no)
Index("audit_action", audit.c.action, audit.c.no)
Index("audit_time", audit.c.time)

shared_state_table = Table("shared_state", metadata, Column("key", Key, primary_key=True), required("text"))
