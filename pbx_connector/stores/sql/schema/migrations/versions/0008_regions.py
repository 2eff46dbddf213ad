"""The region of each profile: whose country the numbers without a code are from, when a number is looked up."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("profile", sa.Column("region", sa.Text()))
