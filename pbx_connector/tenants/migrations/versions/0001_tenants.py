"""Tenants, what is published for each, their secrets and schedules, and how far their phone books are migrated."""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SCHEMA = "pbx_control"
Key = sa.Text(collation="C")


def upgrade() -> None:
    _table("control", sa.Column("name", Key, primary_key=True), _text("value"))
    control = sa.table("control", sa.column("name"), sa.column("value"), schema=SCHEMA)
    op.bulk_insert(control, [{"name": "id", "value": secrets.token_hex(4)}])
    _table(
        "tenant",
        sa.Column("id", Key, primary_key=True),
        *map(_text, ("title", "state", "store", "role")),
        sa.Column("schema_version", sa.Text(), nullable=False, server_default=""),
        sa.Column("published", sa.Integer(), nullable=False, server_default="0"),
        *map(_time, ("made", "changed")),
    )
    _versions()
    _table(
        "secret",
        _tenant(),
        sa.Column("name", Key, primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        *map(_text, ("key", "who")),
        _time("changed"),
    )
    _schedules()
    _table(
        "migration",
        _tenant(),
        *map(_text, ("wanted", "reached", "state", "error")),
        _time("started"),
        sa.Column("ended", sa.Double()),
    )


def _versions() -> None:
    number = sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False)
    _table("version", _tenant(), number, _text("who"), _time("made"), *map(_text, ("digest", "note", "findings")))
    digest = sa.Column("digest", Key, primary_key=True)
    _table("blob", _tenant(), digest, sa.Column("content", sa.LargeBinary(), nullable=False))
    _table(
        "version_file",
        sa.Column("tenant", Key, primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("path", Key, primary_key=True),
        sa.Column("digest", Key, nullable=False),
        _refers("version", "number"),
        _refers("blob", "digest"),
    )
    _freeze("version", "blob", "version_file")


def _schedules() -> None:
    _table(
        "schedule",
        _tenant(),
        sa.Column("profile", Key, primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        *map(_text, ("rule", "zone")),
        sa.Column("next_at", sa.Double()),
        _time("jitter"),
        _text("state"),
        *[sa.Column(name, sa.Integer(), nullable=False, server_default="0") for name in ("failures", "lost")],
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
    )
    known = sa.text("next_at IS NOT NULL")
    op.create_index("schedule_next_at", "schedule", ["next_at"], schema=SCHEMA, postgresql_where=known)


def _freeze(*names: str) -> None:
    """What was published is never changed, whoever tries."""
    op.execute(
        f"CREATE FUNCTION {SCHEMA}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'a published version never changes'; END $$"
    )
    for name in names:
        op.execute(
            f"CREATE TRIGGER {name}_frozen BEFORE UPDATE ON {SCHEMA}.{name} "
            f"FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.refuse_change()"
        )


def _table(name: str, *parts: Any) -> None:
    op.create_table(name, *parts, schema=SCHEMA)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _time(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=False)


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant", Key, sa.ForeignKey(f"{SCHEMA}.tenant.id"), primary_key=True)


def _refers(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant", column], [f"{SCHEMA}.{table}.tenant", f"{SCHEMA}.{table}.{column}"])
