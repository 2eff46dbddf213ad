"""The phone books of tenants: a schema and a role for each, made, opened and removed over few connections.

The user that we log in as is a member of every tenant's role, and acts as one of them in each transaction.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.sql.functions import func

from pbx_connector.errors import StoreError, UsageError
from pbx_connector.stores import Store
from pbx_connector.stores.address import postgres_address, shown
from pbx_connector.stores.sql.dialects.database import Database
from pbx_connector.stores.sql.dialects.postgres_schema import Schema, quoted, schema_database, shared_engine
from pbx_connector.stores.sql.schema.migrating import HEAD as SCHEMA_VERSION
from pbx_connector.stores.sql.schema.migrating import bring_up_to_date
from pbx_connector.stores.sql.store import SqlStore
from pbx_connector.tenants.control import CONNECTIONS, PATIENCE, ControlDialect

__all__ = ["SCHEMA_VERSION", "Owner", "PhoneBooks", "PlannedOwner", "checked_store"]


class Owner(Protocol):
    """Who has a schema and a role: a tenant, or the provider itself."""

    @property
    def schema(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def store(self) -> str:
        """Address of the database; empty for the control database."""
        ...

    @property
    def place(self) -> str:
        """What is kept there, for people."""
        ...


@dataclass(frozen=True, slots=True)
class PlannedOwner:
    """One that is not there yet."""

    role: str
    schema: str
    store: str
    place: str


MEMBERSHIP_SAYS = 160000
"""From this version of PostgreSQL on a membership says whether it is inherited, before it a user did for all."""


class PhoneBooks:
    """One pool of connections to each database, whose tenants share it. For several threads at once."""

    def __init__(self, control: str, *, connections: int = CONNECTIONS, patience: float = PATIENCE) -> None:
        """`connections` at most to each database. A run holds one as long as it lasts and asks for a second now and
        then: what has n places needs n + 2."""
        self._control = control
        self._connections = connections
        self._patience = patience
        self._engines: dict[str, Engine] = {}
        self._lock = threading.Lock()

    def open(self, owner: Owner) -> Store:
        """To be closed; its connections go on to others. Raises `OtherVersion` for one that is not migrated yet."""
        return SqlStore(self._database(owner, SCHEMA_VERSION), migrate=False)

    def _database(self, owner: Owner, version: str | None = None) -> Database:
        schema = Schema(owner.schema, owner.role, owner.place, version)
        return schema_database(self._engine(owner.store), schema, patience=self._patience)

    def require_makeable(self, owner: Owner) -> None:
        """Raises `StoreError` where `make` would refuse it, also for a database that cannot be reached."""
        with self._login(owner).read() as connection:
            _require_rights(connection)
            if _version(connection) < MEMBERSHIP_SAYS:
                _require_no_inheritance(connection)
            _require_own_schema(connection, owner)

    def make(self, owner: Owner) -> None:
        """Role, schema and tables, as far as they are not there. Raises `StoreError`."""
        with self._login(owner).write() as connection:
            _make_role(connection, owner.role)
            _make_schema(connection, owner)
        bring_up_to_date(self._database(owner))

    def migrate(self, owner: Owner) -> None:
        """In one transaction. Raises `StoreError`."""
        bring_up_to_date(self._database(owner))

    def remove(self, owner: Owner) -> None:
        """All of it, as far as it is there. Raises `StoreError`."""
        with self._login(owner).write() as connection:
            if not _role_exists(connection, owner.role):
                return
            connection.execute(text(f'SET LOCAL ROLE "{quoted(owner.role)}"'))
            connection.execute(text(f'DROP SCHEMA IF EXISTS "{quoted(owner.schema)}" CASCADE'))
            connection.execute(text("RESET ROLE"))
            connection.execute(text(f'DROP ROLE "{quoted(owner.role)}"'))

    def close(self) -> None:
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()

    def _login(self, owner: Owner) -> Database:
        """As the user that we log in as."""
        address = owner.store or self._control
        return Database(self._engine(owner.store), ControlDialect(self._patience), shown(address), owns_engine=False)

    def _engine(self, store: str) -> Engine:
        with self._lock:
            if store not in self._engines:
                self._engines[store] = shared_engine(postgres_address(store or self._control), self._connections)
            return self._engines[store]


def checked_store(address: str) -> str:
    """Raises `UsageError`: it stands in a table that many may read, so that it has no password."""
    if not address:
        return ""
    parts = postgres_address(address)
    if not parts.drivername.startswith("postgresql"):
        raise UsageError(
            "tenants' phone books are kept in PostgreSQL", hint="give a database: postgresql://user@host/database"
        )
    if parts.password is not None or {"password", "sslpassword", "passfile"} & parts.query.keys():
        raise UsageError(
            "the address of a tenant's database cannot have a password",
            hint="put the password into the file ~/.pgpass of every worker, and leave it out of the address",
        )
    return address


def _make_role(connection: Connection, role: str) -> None:
    """It cannot log in, and is nobody's member: only we may act as it."""
    if not _role_exists(connection, role):
        connection.execute(text(f'CREATE ROLE "{quoted(role)}" NOLOGIN'))
    # Without inheritance a statement that is nobody's in particular has no right to anything of a tenant.
    only_set = " WITH INHERIT FALSE, SET TRUE"
    if _version(connection) < MEMBERSHIP_SAYS:
        _require_no_inheritance(connection)
        only_set = ""
    connection.execute(text(f'GRANT "{quoted(role)}" TO CURRENT_USER{only_set}'))


def _require_rights(connection: Connection) -> None:
    """Those to make a role and a schema."""
    rights = (
        "SELECT rolname, current_database(), rolsuper OR rolcreaterole, "
        "has_database_privilege(current_database(), 'CREATE') FROM pg_roles WHERE rolname = current_user"
    )
    user, database, roles, schemas = connection.execute(text(rights)).one()
    role = f'"{quoted(user)}"'
    for has, what, way_on in (
        (roles, "roles", f"ALTER ROLE {role} CREATEROLE"),
        (schemas, "schemas", f'GRANT CREATE ON DATABASE "{quoted(database)}" TO {role}'),
    ):
        if not has:
            raise StoreError(f"the user {user} may not make {what}", hint=f"say once, as a superuser: {way_on};")


def _require_no_inheritance(connection: Connection) -> None:
    query = text("SELECT rolname FROM pg_roles WHERE rolname = current_user AND rolinherit AND NOT rolsuper")
    inherits = connection.execute(query).scalar()
    if inherits is not None:
        raise StoreError(
            f"the user {inherits} would have the rights of every tenant, in each of its statements",
            hint=f'say once, as a superuser: ALTER ROLE "{quoted(inherits)}" NOINHERIT;',
        )


def _make_schema(connection: Connection, owner: Owner) -> None:
    schema, role = quoted(owner.schema), quoted(owner.role)
    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}" AUTHORIZATION "{role}"'))
    _require_own_schema(connection, owner)


def _require_own_schema(connection: Connection, owner: Owner) -> None:
    """Also passed by one that has no schema yet."""
    found = connection.execute(
        text("SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = :name"), {"name": owner.schema}
    ).scalar()
    if found not in (None, owner.role):
        raise StoreError(
            f"the database has a schema {owner.schema} already, which is not this tenant's",
            hint="give the tenant another id, or another database: --store",
        )


def _role_exists(connection: Connection, role: str) -> bool:
    query = text("SELECT 1 FROM pg_roles WHERE rolname = :name")
    return connection.execute(query, {"name": role}).first() is not None


def _version(connection: Connection) -> int:
    version: Any = connection.execute(select(func.current_setting("server_version_num"))).scalar_one()
    return int(version)
