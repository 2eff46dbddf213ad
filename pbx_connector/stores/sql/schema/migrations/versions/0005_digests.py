"""Digests are made in a new way: what is unchanged has to be found unchanged, and what moved recognised."""

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

from pbx_connector.model import Record

revision = "0005"
down_revision = "0004"

FIELDS = (
    "display_name",
    "phone",
    "first_name",
    "last_name",
    "organisation",
    "email",
    "mobile",
    "home_phone",
    "fax",
    "notes",
)


def upgrade() -> None:
    entry = sa.table("entry", sa.column("id"), sa.column("account"), *map(sa.column, FIELDS))
    label = sa.table("label", sa.column("id"), sa.column("name"))
    carried = sa.table("entry_label", sa.column("entry"), sa.column("label"), sa.column("value"))
    source = sa.table("provenance", sa.column("entry"), sa.column("digest"))
    connection = op.get_bind()
    labels: dict[int, dict[str, str]] = defaultdict(dict)
    named = sa.select(carried.c.entry, label.c.name, carried.c.value).join(label, label.c.id == carried.c.label)
    for no, name, value in connection.execute(named):
        labels[no][name] = value
    imported = sa.select(entry).where(entry.c.id.in_(sa.select(source.c.entry)))
    digests = []
    for no, account, *values in connection.execute(imported):
        fields = {name: value for name, value in zip(FIELDS, values, strict=True) if value is not None}
        digests.append({"no": no, "made": Record("", account, fields, labels.get(no, {})).digest})
    if digests:
        renewed = sa.update(source).where(source.c.entry == sa.bindparam("no")).values(digest=sa.bindparam("made"))
        connection.execute(renewed, digests)
