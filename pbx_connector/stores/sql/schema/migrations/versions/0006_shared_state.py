"""The table of shared state gets the name that the code gives it."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.rename_table("memo", "shared_state")
