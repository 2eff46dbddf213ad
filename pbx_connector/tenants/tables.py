"""The tables of the control database, as `migrations/` makes them; a test holds the two together.

They stand in a schema of their own, which no role of a tenant may use. Times are seconds since 1970 by the clock of the
database.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

SCHEMA = "pbx_control"
metadata = MetaData(schema=SCHEMA)

Key = Text(collation="C")


def required(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def tenant_key() -> Column[str]:
    return Column("tenant", Key, ForeignKey(f"{SCHEMA}.tenant.id"), primary_key=True)


control = Table("control", metadata, Column("name", Key, primary_key=True), required("value"))
"""What is said once of the whole: `id` tells two control databases of one server apart."""

tenant = Table(
    "tenant",
    metadata,
    Column("id", Key, primary_key=True),
    required("title"),
    required("state"),  # adding, active, suspended, removing
    required("store"),  # address of the database that its phone book is in; empty: this one
    required("role"),  # whose schema holds the phone book
    required("schema_version", ""),  # of the phone book, as of the last migration
    Column("published", Integer, nullable=False, server_default="0"),  # number of the version that counts; 0: none
    Column("made", Double, nullable=False),
    Column("changed", Double, nullable=False),
)

version = Table(
    "version",
    metadata,
    tenant_key(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    required("who"),
    Column("made", Double, nullable=False),
    required("digest"),  # of all its files
    required("note"),
    required("findings"),  # JSON: warnings of its check
)
"""What was published; rows are added and removed, never changed."""

blob = Table(
    "blob",
    metadata,
    tenant_key(),
    Column("digest", Key, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""Contents of files, each once a tenant: nothing is shared between two."""

version_file = Table(
    "version_file",
    metadata,
    Column("tenant", Key, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("path", Key, primary_key=True),  # relative, with /
    Column("digest", Key, nullable=False),
    ForeignKeyConstraint(["tenant", "number"], [version.c.tenant, version.c.number]),
    ForeignKeyConstraint(["tenant", "digest"], [blob.c.tenant, blob.c.digest]),
)

host = Table(
    "host",
    metadata,
    Column("name", Key, primary_key=True),
    Column("tenant", Key, ForeignKey(f"{SCHEMA}.tenant.id"), nullable=False),
)
"""Host names by which a tenant is reached, besides the one that its id has in the domain of all."""
Index("host_tenant", host.c.tenant)

member = Table(
    "member",
    metadata,
    tenant_key(),
    Column("user", Key, primary_key=True),
    required("role"),
)
"""Which users of the provider may see to a tenant, and as what; their names are those of its own pages."""

secret = Table(
    "secret",
    metadata,
    tenant_key(),
    Column("name", Key, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    required("key"),  # which key of the key file it was sealed with
    required("who"),
    Column("changed", Double, nullable=False),
)

schedule = Table(
    "schedule",
    metadata,
    tenant_key(),
    Column("profile", Key, primary_key=True),
    Column("version", Integer, nullable=False),  # the published version that the row is of
    required("rule"),  # JSON of `schedule.Schedule`; empty: it runs only when somebody asks
    required("zone"),  # whose clock the rule goes by, if it names none
    Column("next_at", Double),  # None: not by itself
    Column("jitter", Double, nullable=False),  # seconds that it starts later than its rule says
    required("state"),  # ready, paused, quarantined
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("lost", Integer, nullable=False, server_default="0"),  # workers that died in a run of it, in a row
    required("reason", ""),  # why it is paused or quarantined
)
"""Every profile of the published version of a tenant."""
Index("schedule_next_at", schedule.c.next_at, postgresql_where=schedule.c.next_at.is_not(None))

migration = Table(
    "migration",
    metadata,
    tenant_key(),
    required("wanted"),
    required("reached"),
    required("state"),  # running, done, failed
    required("error"),
    Column("started", Double, nullable=False),
    Column("ended", Double),
)
"""How far the migration of each tenant's phone book is."""
