"""Host names of tenants, and which users of the provider may see to which tenant."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SCHEMA = "pbx_control"
Key = sa.Text(collation="C")


def upgrade() -> None:
    tenant = f"{SCHEMA}.tenant.id"
    op.create_table(
        "host",
        sa.Column("name", Key, primary_key=True),
        sa.Column("tenant", Key, sa.ForeignKey(tenant), nullable=False),
        schema=SCHEMA,
    )
    op.create_index("host_tenant", "host", ["tenant"], schema=SCHEMA)
    op.create_table(
        "member",
        sa.Column("tenant", Key, sa.ForeignKey(tenant), primary_key=True),
        sa.Column("user", Key, primary_key=True),
        sa.Column("role", sa.Text(), nullable=False),
        schema=SCHEMA,
    )
