"""Alembic's way in: it runs the steps on the connection that `migrating.py` hands over."""

from alembic import context

from pbx_connector.stores.sql.schema.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
