"""OpenLDAP's server on loopback: real, small, and gone with the test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ending import end
from free_port import free_port

PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"  # where Debian has slapd
PROGRAMS = ("slapd", "ldapadd", "ldapmodify", "ldapdelete", "ldapsearch")
SUFFIX = "dc=example,dc=test"
ADMIN = f"cn=pbx,{SUFFIX}"
ROOT = f"cn=root,{SUFFIX}"
CONFIG = "cn=admin,cn=config"
PASSWORD = "the-directory-s-password-7"
SCHEMA = Path("/etc/ldap/schema")

SLAPD_CONF = """\
include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
sizelimit size.soft=500 size.hard=500 size.prtotal=unlimited
{tls}
database config
rootdn {config}
rootpw {password}
database mdb
suffix {suffix}
rootdn {root}
rootpw {password}
maxsize 100000000
directory {folder}/db
index objectClass,entryUUID eq
dbnosync
"""
TREE = f"""\
dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: {ADMIN}
objectClass: simpleSecurityObject
objectClass: organizationalRole
cn: pbx
userPassword: {PASSWORD}

dn: ou=customers,{SUFFIX}
objectClass: organizationalUnit
ou: customers

dn: ou=staff,{SUFFIX}
objectClass: organizationalUnit
ou: staff
"""


def missing_programs() -> list[str]:
    missing = [program for program in PROGRAMS if shutil.which(program, path=PATH) is None]
    return missing or ([] if (SCHEMA / "inetorgperson.schema").exists() else ["its schemas"])


def person(name: str, unit: str = "ou=customers", **attributes: str | Sequence[str]) -> str:
    """As LDIF. `_` in a name of an attribute stands for nothing."""
    lines = [f"dn: cn={name},{unit},{SUFFIX}", "objectClass: inetOrgPerson", f"cn: {name}", f"sn: {name.split()[-1]}"]
    values = {"displayName": name, "telephoneNumber": "+49 89 1234", **attributes}
    for attribute, value in values.items():
        lines += [f"{attribute}: {one}" for one in ([value] if isinstance(value, str) else value)]
    return "\n".join(lines) + "\n"


class OpenLdap:
    def __init__(self, folder: Path, tls: str = "") -> None:
        self.folder = folder
        self.port, self.tls_port = free_port(), free_port()
        self._tls = tls
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def start(cls, folder: Path, tls: str = "") -> Iterator[OpenLdap]:
        """`tls`: lines of the configuration; then the server listens with TLS as well."""
        server = cls(folder, tls)
        server.prepare()
        server.run()
        try:
            yield server
        finally:
            server.stop()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"ldap://{self.address}"

    def prepare(self) -> None:
        (self.folder / "db").mkdir(parents=True)
        values = {"schema": SCHEMA, "folder": self.folder, "tls": self._tls, "password": PASSWORD}
        values |= {"suffix": SUFFIX, "root": ROOT, "config": CONFIG}
        (self.folder / "slapd.conf").write_text(SLAPD_CONF.format(**values))

    def run(self) -> None:
        urls = self.url + (f" ldaps://127.0.0.1:{self.tls_port}" if self._tls else "")
        command = ["slapd", "-d", "0", "-f", str(self.folder / "slapd.conf"), "-h", urls]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, env={"PATH": PATH}, stdout=log, stderr=log)
        for _ in range(5000):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        else:
            raise TimeoutError("slapd does not start")
        if not (self.folder / "filled").exists():
            self.add(TREE)
            (self.folder / "filled").touch()

    def stop(self) -> None:
        if self._process is not None:
            end(self._process)
        self._process = None

    def add(self, *entries: str) -> None:
        self._do("ldapadd", "\n".join(entries))

    def modify(self, ldif: str) -> None:
        self._do("ldapmodify", ldif)

    def change(self, dn: str, attribute: str, *values: str) -> None:
        lines = [f"{attribute}: {value}" for value in values]
        self.modify("\n".join([f"dn: {dn}", "changetype: modify", f"replace: {attribute}", *lines]) + "\n")

    def delete(self, dn: str, *, whole_tree: bool = False) -> None:
        command = ["ldapdelete", *(["-r"] if whole_tree else []), *self._login(ROOT), dn]
        subprocess.run(command, env={"PATH": PATH}, check=True, capture_output=True)

    def move(self, dn: str, new_name: str, above: str) -> None:
        lines = [f"dn: {dn}", "changetype: modrdn", f"newrdn: {new_name}", "deleteoldrdn: 1", f"newsuperior: {above}"]
        self.modify("\n".join(lines) + "\n")

    def limit(self, most: int) -> None:
        """No more entries than so many from now on, pages or not."""
        limits = f"size.soft={most} size.hard={most} size.prtotal={most}"
        lines = ["dn: olcDatabase={1}mdb,cn=config", "changetype: modify", "replace: olcLimits"]
        self._do("ldapmodify", "\n".join([*lines, f"olcLimits: {{0}}* {limits}"]) + "\n", CONFIG)

    def _do(self, program: str, ldif: str, user: str = ROOT) -> None:
        done = subprocess.run(
            [program, *self._login(user)], input=ldif.encode(), env={"PATH": PATH}, check=False, capture_output=True
        )
        assert done.returncode == 0, done.stderr.decode()

    def _login(self, user: str) -> list[str]:
        return ["-x", "-H", self.url, "-D", user, "-w", PASSWORD]
