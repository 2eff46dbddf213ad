"""An Active Directory domain controller on loopback (Samba).

It needs root, ten seconds and the fixed ports of LDAP. So there is one for all processes of a test run, which the first
one starts and the last one stops, and one on a machine: while it lives it holds a lock that other test runs wait for.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
PROGRAMS = ("samba", "samba-tool", "ldapadd", "ldapmodify", "ldapdelete")
SUFFIX = "dc=example,dc=test"
ADMIN = f"cn=Administrator,cn=Users,{SUFFIX}"
PASSWORD = "The-Domain-s-Password-7"
PYTHON = "/usr/bin/python3"  # the one that Samba's own programs run with
MANY = 1200
FILL = f"""
import sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

parameters = LoadParm(sys.argv[1])
database = SamDB(url=sys.argv[2], session_info=system_session(parameters), lp=parameters)
database.transaction_start()
database.add({{"dn": "ou=many,{SUFFIX}", "objectClass": "organizationalUnit"}})
for number in range(int(sys.argv[3])):
    database.add({{
        "dn": f"cn=Contact {{number}},ou=many,{SUFFIX}",
        "objectClass": "contact", "displayName": f"Contact {{number}}", "telephoneNumber": f"+49 89 {{number}}",
    }})
database.transaction_commit()
"""
"""Over LDAP this would take a minute."""
PORTS = (389, 636, 3268)
_LOCK = Path("/tmp/pbx-connector-samba.lock")
_PATIENCE = 150
"""Seconds to wait for another test run; less than a test may take."""


class PortsTaken(Exception):
    """Something else on this machine has LDAP's ports."""


def lacking_of_samba() -> str:
    """Why there can be none here; empty if there can."""
    if missing := [program for program in PROGRAMS if shutil.which(program, path=PATH) is None]:
        needed = "apt install samba-ad-dc samba-ad-provision samba-dsdb-modules ldap-utils"
        return f"Samba's domain controller is not installed ({needed}): {', '.join(missing)}"
    return "" if os.geteuid() == 0 else "Samba's domain controller runs as root alone"


def user(name: str, unit: str, **attributes: str | list[str]) -> str:
    """As LDIF: an enabled user with a number."""
    lines = [f"dn: cn={name},{unit},{SUFFIX}", "objectClass: user"]
    return _entry(
        lines, {"userAccountControl": "544", "displayName": name, "telephoneNumber": "+49 89 1", **attributes}
    )


def contact(name: str, unit: str, **attributes: str | list[str]) -> str:
    lines = [f"dn: cn={name},{unit},{SUFFIX}", "objectClass: contact"]
    return _entry(lines, {"displayName": name, "telephoneNumber": "+49 89 1", **attributes})


def _entry(lines: list[str], values: dict[str, str | list[str]]) -> str:
    for attribute, value in values.items():
        lines += [f"{attribute}: {one}" for one in ([value] if isinstance(value, str) else value)]
    return "\n".join(lines) + "\n"


class Samba:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._many = ""

    @classmethod
    @contextmanager
    def start(cls, folder: Path) -> Iterator[Samba]:
        """`folder`: the same for all processes of a test run. Raises `PortsTaken`."""
        folder.mkdir(exist_ok=True)
        server = cls(folder)
        with server._alone():
            if server._users(+1) == 1:
                server._first()
        try:
            yield server
        finally:
            with server._alone():
                if server._users(-1) == 0:
                    server._stop()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / "guard").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    @contextmanager
    def for_one_test(self) -> Iterator[None]:
        with (self.folder / "test").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            try:
                yield
            finally:
                if self._many:
                    self.move(self._many, "ou=many", SUFFIX)
                    self._many = ""

    def _users(self, more: int) -> int:
        file = self.folder / "users"
        number = int(file.read_text() if file.exists() else "0") + more
        file.write_text(str(number))
        return number

    def _first(self) -> None:
        try:
            with _LOCK.open("w") as lock:
                _take(lock.fileno())
                if any(_answers(port) for port in PORTS):
                    raise PortsTaken("ports 389, 636 or 3268 of this machine are in use")
                shutil.rmtree(self.folder / "domain", ignore_errors=True)
                self._provision()
                self._run(lock.fileno())
                self._delete_somebody()
        except BaseException:
            self._users(-1)
            raise

    def _delete_somebody(self) -> None:
        """A domain in which nobody was ever deleted cannot show that deleted ones are seen."""
        self.tool("user", "create", "left-long-ago", "Aa1!" + secrets.token_urlsafe(16))
        self.tool("user", "delete", "left-long-ago")

    @property
    def ca_file(self) -> Path:
        return self.folder / "domain/private/tls/ca.pem"

    def unit(self) -> str:
        """A new organizational unit, for one test."""
        name = f"ou=unit-{uuid4().hex[:12]}"
        self.add(f"dn: {name},{SUFFIX}\nobjectClass: organizationalUnit\n")
        return name

    def add(self, *entries: str) -> None:
        self._do("ldapadd", "\n".join(entries))

    def change(self, dn: str, attribute: str, *values: str) -> None:
        lines = [f"{attribute}: {value}" for value in values]
        self._do("ldapmodify", "\n".join([f"dn: {dn}", "changetype: modify", f"replace: {attribute}", *lines]) + "\n")

    def move(self, dn: str, new_name: str, above: str) -> None:
        lines = [f"dn: {dn}", "changetype: modrdn", f"newrdn: {new_name}", "deleteoldrdn: 1", f"newsuperior: {above}"]
        self._do("ldapmodify", "\n".join(lines) + "\n")

    def delete(self, dn: str, *, whole_tree: bool = False) -> None:
        command = ["ldapdelete", *(["-r"] if whole_tree else []), *self._login(), dn]
        subprocess.run(command, env=self._environment, check=True, capture_output=True)

    def move_many_to(self, unit: str) -> int:
        """Puts the unit of 1,200 contacts into another one, until the test is over."""
        self.move(f"ou=many,{SUFFIX}", "ou=many", f"{unit},{SUFFIX}")
        self._many = f"ou=many,{unit},{SUFFIX}"
        return MANY

    def tool(self, *arguments: str) -> None:
        config = f"--configfile={self.folder}/domain/etc/smb.conf"
        done = subprocess.run(
            ["samba-tool", *arguments, config], env={"PATH": PATH}, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _provision(self) -> None:
        options = [
            f"--targetdir={self.folder}/domain",
            "--realm=EXAMPLE.TEST",
            "--domain=EXAMPLE",
            f"--adminpass={PASSWORD}",
        ]
        options += ["--server-role=dc", "--dns-backend=NONE", "--host-name=dc1"]
        options += ["--option=interfaces=lo", "--option=bind interfaces only=yes"]
        command = ["samba-tool", "domain", "provision", *options]
        done = subprocess.run(command, env={"PATH": PATH}, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        config = self.folder / "domain/etc/smb.conf"
        # LDAP alone: the others would want ports of the range from which connections get theirs.
        config.write_text(
            re.sub(r"(?m)^\s*server services = .*$", "\tserver services = ldap", config.read_text(), count=1)
        )

        database = self.folder / "domain/private/sam.ldb"
        subprocess.run([PYTHON, "-c", FILL, str(config), str(database), str(MANY)], env={"PATH": PATH}, check=True)

    def _run(self, lock: int) -> None:
        """The process keeps the lock open, and so holds it as long as it lives."""
        command = ["samba", "-i", "-M", "single", "-s", str(self.folder / "domain/etc/smb.conf")]
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command, env={"PATH": PATH}, stdout=log, stderr=log, pass_fds=[lock], start_new_session=True
            )
        (self.folder / "pid").write_text(str(process.pid))
        for _ in range(2000):
            if all(_answers(port) for port in PORTS):
                return
            if process.poll() is not None:
                break
            time.sleep(0.05)
        self._stop()
        raise TimeoutError(f"Samba does not start: {(self.folder / 'log').read_text()[-2000:]}")

    def _stop(self) -> None:
        group = int((self.folder / "pid").read_text())
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGTERM)
        for _ in range(200):
            if not any(_answers(port) for port in PORTS):
                return
            time.sleep(0.05)
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)

    def _do(self, program: str, ldif: str) -> None:
        done = subprocess.run(
            [program, *self._login()], input=ldif.encode(), env=self._environment, check=False, capture_output=True
        )
        assert done.returncode == 0, done.stderr.decode()

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": PATH, "LDAPTLS_REQCERT": "never"}

    def _login(self) -> list[str]:
        return ["-x", "-H", "ldaps://127.0.0.1", "-D", ADMIN, "-w", PASSWORD]


def _take(lock: int) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise PortsTaken("another test run on this machine uses the ports of LDAP") from None
            time.sleep(0.2)
        else:
            return


def _answers(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0
