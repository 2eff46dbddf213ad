"""Host names by which phones and browsers reach a tenant: in the domain of all by its id, or names of its own."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from pbx_connector.errors import UsageError
from pbx_connector.host_names import host_of, is_host_name
from pbx_connector.tenants.control import ControlDatabase
from pbx_connector.tenants.ids import is_id
from pbx_connector.tenants.registry import required
from pbx_connector.tenants.tables import host


def tenant_at(control: ControlDatabase, name: str, domain: str | None) -> str | None:
    """The id of the tenant that is reached by a name, as `Host` of HTTP says it; there may be none of that id."""
    wanted = host_of(name)
    if (id := _id_in(domain, wanted)) or not is_host_name(wanted):
        return id or None
    with control.read() as connection:
        return connection.execute(select(host.c.tenant).where(host.c.name == wanted)).scalar()


def hosts(control: ControlDatabase, id: str) -> list[str]:
    """Names of its own. Raises `UsageError`."""
    with control.read() as connection:
        required(connection, id)
        query = select(host.c.name).where(host.c.tenant == id).order_by(host.c.name)
        return list(connection.execute(query).scalars())


def add_host(control: ControlDatabase, id: str, name: str, domain: str | None) -> str:
    """The name as it is kept; one that the tenant has stays. Raises `UsageError`."""
    wanted = _checked(name)
    if (known := _id_in(domain, wanted)) and known != id:
        raise UsageError(f"{wanted} is the name of tenant {known}", hint="choose a name outside of control: domain:")
    with control.write() as connection:
        required(connection, id)
        values = {"name": wanted, "tenant": id}
        connection.execute(insert(host).values(values).on_conflict_do_nothing())
        owner = connection.execute(select(host.c.tenant).where(host.c.name == wanted)).scalar_one()
        if owner != id:
            raise UsageError(
                f"{wanted} is the name of tenant {owner} already",
                hint=f"first: pbx-connector tenants hosts remove {owner} {wanted}",
            )
    return wanted


def remove_host(control: ControlDatabase, id: str, name: str, domain: str | None) -> str:
    """Raises `UsageError`, also for the name in the domain of all, which stays."""
    wanted = _checked(name)
    with control.write() as connection:
        required(connection, id)
        mine = (host.c.name == wanted) & (host.c.tenant == id)
        if connection.execute(delete(host).where(mine)).rowcount == 0:
            if _id_in(domain, wanted) == id:
                raise UsageError(f"{wanted} cannot be removed", hint="every tenant has its name in control: domain:")
            raise UsageError(f"{wanted} is no name of tenant {id}", hint=f"see: pbx-connector tenants show {id}")
    return wanted


def _checked(name: str) -> str:
    wanted = host_of(name)
    if "/" in name or not is_host_name(wanted):  # of an address, "https" would be left
        raise UsageError(
            f"{name[:80]!r} cannot be a host name",
            hint="letters, digits and hyphens, with dots between, such as phones.example.com; other letters as xn--…",
        )
    return wanted


def _id_in(domain: str | None, wanted: str) -> str:
    """The tenant whose name in the domain of all it is; empty if it is none of these."""
    label = wanted.removesuffix(f".{domain}") if domain else wanted
    return label if label != wanted and is_id(label) else ""
