"""What the directory finds and sorts entries by, and the devices that may ask it."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from pbx_connector.stores.normalization import keys

revision = "0009"
down_revision = "0008"

PHONES = ("phone", "mobile", "home_phone", "fax")
FIELDS = ("display_name", "first_name", "last_name", "organisation", "email", *PHONES)
KEYS = ("display_name", "first_name", "surname", "organisation", "email", *PHONES)
MANY = 1_000
Key = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("entry") as table:
        for name in KEYS:
            table.add_column(sa.Column(f"{name}_key", Key))
    _fill()
    for name in KEYS:
        known = sa.text(f"{name}_key IS NOT NULL")
        op.create_index(f"entry_{name}_key", "entry", [f"{name}_key"], sqlite_where=known, postgresql_where=known)
    op.create_table(
        "device",
        sa.Column("id", Key, primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account", Key),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("verifiers", sa.Text(), nullable=False),
        sa.Column("made", sa.Double(), nullable=False),
        sa.Column("seen", sa.Double()),
        sa.Column("seen_from", sa.Text(), nullable=False),
        sa.Column("seen_as", sa.Text(), nullable=False),
    )


def _fill() -> None:
    columns: list[Any] = [sa.column(name) for name in ("id", *FIELDS)]
    entry = sa.table("entry", *columns, *[sa.column(f"{name}_key") for name in KEYS])
    connection, last = op.get_bind(), 0
    while held := connection.execute(_after(columns, last).select_from(entry)).all():
        said: list[dict[str, str | None]] = [
            {f"new_{name}": key for name, key in zip(KEYS, _keys(row), strict=True)} for row in held
        ]
        changed = sa.update(entry).where(entry.c.id == sa.bindparam("changed"))
        values: dict[str, Any] = {f"{name}_key": sa.bindparam(f"new_{name}") for name in KEYS}
        rows = [{"changed": row.id, **new} for row, new in zip(held, said, strict=True)]
        connection.execute(changed.values(values), rows)
        last = held[-1].id


def _after(columns: Sequence[Any], last: int) -> Any:
    return sa.select(*columns).where(sa.column("id") > last).order_by(sa.column("id")).limit(MANY)


def _keys(row: Any) -> Sequence[str | None]:
    return keys({name: value for name in FIELDS if (value := getattr(row, name)) is not None})
