"""Which entries give way to others that are the same person, and what the profiles say about it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("profile", sa.Column("merge", sa.Text()))
    op.add_column("run", sa.Column("merge", sa.Text()))
    op.create_table(
        "given_way",
        sa.Column("entry", Id, sa.ForeignKey("entry.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
        sa.Column("shown", Id, sa.ForeignKey("entry.id", ondelete="CASCADE"), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
    )
    op.create_index("given_way_shown", "given_way", ["shown", "place"])
