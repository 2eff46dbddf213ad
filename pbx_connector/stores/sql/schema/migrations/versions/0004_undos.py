"""What an undo took back is remembered for good, so that undos of undos of undos come out right."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("run", sa.Column("undoes", ID))
    run = sa.table("run", sa.column("no"), sa.column("undone_by"), sa.column("undoes"))
    undone = run.alias()
    taken_back = sa.select(sa.func.max(undone.c.no)).where(undone.c.undone_by == run.c.no).scalar_subquery()
    op.execute(sa.update(run).values(undoes=taken_back))
