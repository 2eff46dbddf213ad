"""Numbers are found without the extensions and remarks that stand beside them."""

import sqlalchemy as sa
from alembic import op

from pbx_connector.stores.normalization import tail

revision = "0007"
down_revision = "0006"

PHONES = ("phone", "mobile", "home_phone", "fax")


def upgrade() -> None:
    for name in PHONES:
        _fold_anew(name)


def _fold_anew(name: str) -> None:
    entry = sa.table("entry", sa.column("id"), sa.column(name), sa.column(f"{name}_tail"))
    number, known = entry.c[name], entry.c[f"{name}_tail"]
    connection = op.get_bind()
    held = connection.execute(sa.select(entry.c.id, number, known).where(number.is_not(None))).all()
    for no, written, before in held:
        if (after := tail(written)) != before:
            connection.execute(sa.update(entry).where(entry.c.id == no).values({known.name: after}))
