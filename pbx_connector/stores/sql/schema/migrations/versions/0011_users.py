"""Who may administer the phone book in a browser, who is logged in, and what was done."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Key = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "web_user",
        sa.Column("name", Key, primary_key=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.Column("personal", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("made", sa.Double(), nullable=False),
        sa.Column("last_login", sa.Double()),
    )
    op.create_table(
        "web_session",
        sa.Column("digest", Key, primary_key=True),
        sa.Column("user", Key, nullable=False),
        sa.Column("made", sa.Double(), nullable=False),
        sa.Column("seen", sa.Double(), nullable=False),
        sa.Column("expires", sa.Double(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
    )
    op.create_index("web_session_user", "web_session", ["user"])
    op.create_table(
        "audit",
        sa.Column("no", Id, primary_key=True, autoincrement=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("user", Key, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("action", Key, nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("run", Id),
    )
    op.create_index("audit_user", "audit", ["user", "no"])
    op.create_index("audit_action", "audit", ["action", "no"])
    op.create_index("audit_time", "audit", ["time"])
