"""The LDAP source against `ldapsearch`: 100,000 people of OpenLDAP, the same attributes, in pages of 1,000.

    python benchmarks/ldap.py [PEOPLE] [ROUNDS]

Needs Debian's slapd and ldap-utils. `ldapsearch` writes its LDIF to nowhere; the source makes rows of what it
reads. The two take turns, so that both meet the same load.
"""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from pbx_ldap.settings import LdapSettings
from pbx_ldap.source import LdapSource, open_ldap

from pbx_connector.api import Book, Row, SourceContext

PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
SUFFIX = "dc=example,dc=test"
USER = f"cn=root,{SUFFIX}"
ATTRIBUTES = (
    *("entryUUID", "entryCSN", "displayName", "cn", "givenName", "sn", "telephoneNumber", "mobile", "homePhone"),
    *("facsimileTelephoneNumber", "mail", "title", "o", "departmentNumber", "street", "l", "postalCode"),
)
FIELDS = frozenset(
    {
        *("DisplayName", "GivenName", "Surname", "PhoneNumbers_BusinessPhone", "PhoneNumbers_MobilePhone"),
        *("PhoneNumbers_HomePhone", "PhoneNumbers_BusinessFax", "mail", "title", "o", "departmentNumber", "street"),
        *("l", "postalCode"),
    }
)
CONFIG = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix {suffix}
rootdn {user}
rootpw secret
maxsize 2000000000
directory {folder}/db
index objectClass,entryUUID eq
"""
PERSON = """\
dn: uid=u{n},ou=people,{suffix}
objectClass: inetOrgPerson
uid: u{n}
cn: Given{n} Surname{n}
displayName: Given{n} Surname{n}
givenName: Given{n}
sn: Surname{n}
telephoneNumber: +49 89 {n:06d}
mobile: +49 170 {n:07d}
homePhone: +49 30 {n:06d}
facsimileTelephoneNumber: +49 89 9{n:06d}
mail: u{n}@example.test
title: Engineer
o: Example GmbH
departmentNumber: D{unit}
street: Street {n}
l: Munich
postalCode: {n:05d}

"""


@contextmanager
def directory(people: int) -> Iterator[str]:
    """Address of a server with so many people."""
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as free:
        folder = Path(name)
        address = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        (folder / "db").mkdir()
        config = folder / "slapd.conf"
        config.write_text(CONFIG.format(suffix=SUFFIX, user=USER, folder=folder))
        with (folder / "people.ldif").open("w") as file:
            file.write(f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n")
            file.write(f"dn: ou=people,{SUFFIX}\nobjectClass: organizationalUnit\nou: people\n\n")
            file.writelines(PERSON.format(n=n, suffix=SUFFIX, unit=n % 50) for n in range(people))
        fill = ["slapadd", "-q", "-f", str(config), "-l", str(folder / "people.ldif")]
        subprocess.run(fill, env={"PATH": PATH}, check=True)
        command = ["slapd", "-d", "0", "-f", str(config), "-h", f"ldap://{address}"]
        server = subprocess.Popen(command, env={"PATH": PATH}, stderr=subprocess.DEVNULL)
        try:
            wait_for(address)
            yield address
        finally:
            server.terminate()
            server.wait()


def wait_for(address: str) -> None:
    host, _, port = address.partition(":")
    for _ in range(200):
        with socket.socket() as knock:
            if knock.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("slapd does not start")


def ldapsearch(address: str) -> None:
    command = ["ldapsearch", "-x", "-LLL", "-H", f"ldap://{address}", "-D", USER, "-w", "secret"]
    command += ["-b", f"ou=people,{SUFFIX}", "-E", "pr=1000/noprompt", "(telephoneNumber=*)", *ATTRIBUTES]
    subprocess.run(command, env={"PATH": PATH}, check=True, stdout=subprocess.DEVNULL)


def seconds(what: Callable[[], object]) -> tuple[float, float]:
    """Of the clock, and of the processor for this process and those that it waited for."""
    clock, processor = time.perf_counter(), _processor()
    what()
    return time.perf_counter() - clock, _processor() - processor


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def compare(source: LdapSource, book: Book, address: str, rounds: int) -> None:
    known: list[tuple[str, str]] = []

    def read() -> None:
        count = sum(isinstance(item, Row) for item in source.changes(book, None, ()))
        assert count, "nothing was read"

    def read_again() -> None:
        assert not any(isinstance(item, Row) for item in source.changes(book, None, known))

    first, peak = seconds(read), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    theirs, ours, again = [], [first], []
    known += [(item.key, item.version) for item in source.changes(book, None, ()) if isinstance(item, Row)]
    for _ in range(rounds):
        theirs.append(seconds(lambda: ldapsearch(address)))
        ours.append(seconds(read))
        again.append(seconds(read_again)[0])
    their_clocks, clocks = [one[0] for one in theirs], [one[0] for one in ours[1:]]
    base, best = median(their_clocks), min(their_clocks)
    print(f"ldapsearch                 {base:.2f} s ({best:.2f} to {max(their_clocks):.2f})")
    print(f"  of the processor         {median(one[1] for one in theirs):.2f} s")
    ratios = sorted(mine / other for mine, other in zip(clocks, their_clocks, strict=True))
    spread = f"({ratios[0]:.2f} to {ratios[-1]:.2f})"
    print(f"rows of this source        {median(clocks):.2f} s, {median(ratios):.2f} x {spread}")
    print(f"  best against best        {min(clocks):.2f} s, {min(clocks) / best:.2f} x")
    print(f"  of the processor         {median(one[1] for one in ours):.2f} s, {peak:.0f} MiB at most")
    print(f"nothing changed            {median(again):.2f} s, {median(again) / base:.2f} x")


def main() -> None:
    people, rounds = (int(word) for word in [*sys.argv[1:], *["100000", "9"][len(sys.argv) - 1 :]])
    os.environ["BENCH_PASSWORD"] = "secret"
    with directory(people) as address:
        settings = LdapSettings.model_validate(
            {
                "servers": address,
                "security": "none",
                "username": USER,
                "password": {"env": "BENCH_PASSWORD"},
                "base": f"ou=people,{SUFFIX}",
                "filter": "(telephoneNumber=*)",
            }
        )
        with open_ldap(settings, SourceContext((), FIELDS)) as source:
            (book,) = source.books()
            assert isinstance(book, Book)
            compare(source, book, address, rounds)


if __name__ == "__main__":
    main()
