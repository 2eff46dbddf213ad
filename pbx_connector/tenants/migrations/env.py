"""Alembic's way in: it runs the steps on the connection that `migrating.py` hands over."""

from alembic import context

from pbx_connector.tenants.tables import SCHEMA, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
)
context.run_migrations()
