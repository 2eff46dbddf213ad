"""The phone book, its provenance, its journal and what runs need."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", KEY, nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", ID, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "label",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("label_name", "label", ["name"], unique=True)
    op.create_table(
        "lease",
        sa.Column("profile", KEY, nullable=False),
        sa.Column("token", ID, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("run", ID, nullable=False),
        sa.Column("renewed", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("profile"),
    )
    op.create_table(
        "plan",
        sa.Column("no", ID, autoincrement=False, nullable=False),
        sa.Column("profile", KEY, nullable=False),
        sa.Column("made", sa.Double(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("used", ID, nullable=True),
        sa.PrimaryKeyConstraint("no"),
    )
    op.create_table(
        "profile",
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("held", ID, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "run",
        sa.Column("no", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("profile", KEY, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("finished", sa.Double(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("blanked", sa.Integer(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("undone_by", ID, nullable=True),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("no"),
    )
    op.create_index("run_profile", "run", ["profile", "no"], unique=False)
    op.create_table(
        "book",
        sa.Column("no", ID, autoincrement=False, nullable=False),
        sa.Column("profile", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", KEY, nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("checkpoint", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["profile"],
            ["profile.id"],
        ),
        sa.PrimaryKeyConstraint("no"),
        sa.UniqueConstraint("profile", "id", name="book_profile_id"),
    )
    op.create_table(
        "entry",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("account", KEY, nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("mobile", sa.Text(), nullable=True),
        sa.Column("home_phone", sa.Text(), nullable=True),
        sa.Column("fax", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("phone_tail", sa.Text(), nullable=True),
        sa.Column("mobile_tail", sa.Text(), nullable=True),
        sa.Column("home_phone_tail", sa.Text(), nullable=True),
        sa.Column("fax_tail", sa.Text(), nullable=True),
        sa.Column("search", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("entry_account", "entry", ["account", "id"], unique=False)
    op.create_index(
        "entry_fax_tail",
        "entry",
        ["fax_tail"],
        unique=False,
        sqlite_where=sa.text("fax_tail IS NOT NULL"),
        postgresql_where=sa.text("fax_tail IS NOT NULL"),
    )
    op.create_index(
        "entry_home_phone_tail",
        "entry",
        ["home_phone_tail"],
        unique=False,
        sqlite_where=sa.text("home_phone_tail IS NOT NULL"),
        postgresql_where=sa.text("home_phone_tail IS NOT NULL"),
    )
    op.create_index(
        "entry_mobile_tail",
        "entry",
        ["mobile_tail"],
        unique=False,
        sqlite_where=sa.text("mobile_tail IS NOT NULL"),
        postgresql_where=sa.text("mobile_tail IS NOT NULL"),
    )
    op.create_index(
        "entry_phone_tail",
        "entry",
        ["phone_tail"],
        unique=False,
        sqlite_where=sa.text("phone_tail IS NOT NULL"),
        postgresql_where=sa.text("phone_tail IS NOT NULL"),
    )
    op.create_table(
        "journal",
        sa.Column("run", ID, nullable=False),
        sa.Column("seq", ID, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entry", ID, nullable=True),
        sa.Column("account", KEY, nullable=True),
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["run.no"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "journal_account",
        "journal",
        ["account"],
        unique=False,
        sqlite_where=sa.text("account IS NOT NULL"),
        postgresql_where=sa.text("account IS NOT NULL"),
    )
    op.create_index("journal_entry", "journal", ["entry", "run"], unique=False)
    op.create_table(
        "plan_change",
        sa.Column("plan", ID, nullable=False),
        sa.Column("seq", ID, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entry", ID, nullable=True),
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["plan"], ["plan.no"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "entry_label",
        sa.Column("entry", ID, nullable=False),
        sa.Column("label", ID, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["entry.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["label"],
            ["label.id"],
        ),
        sa.PrimaryKeyConstraint("entry", "label"),
        sqlite_with_rowid=False,
    )
    op.create_index("entry_label_label", "entry_label", ["label"], unique=False)
    op.create_table(
        "provenance",
        sa.Column("entry", ID, nullable=False),
        sa.Column("book", ID, nullable=False),
        sa.Column("row_key", KEY, nullable=False),
        sa.Column("record_key", KEY, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["book"], ["book.no"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["entry"], ["entry.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry"),
        sa.UniqueConstraint("book", "row_key", "record_key", name="provenance_source"),
    )
    op.create_table(
        "row_note",
        sa.Column("book", ID, nullable=False),
        sa.Column("row_key", KEY, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["book"], ["book.no"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("book", "row_key"),
        sqlite_with_rowid=False,
    )
