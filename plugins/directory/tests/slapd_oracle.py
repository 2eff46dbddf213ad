"""A real slapd with the entries of a phone book, and random questions that it and our server must answer alike.

slapd's own `cn`, `sn` and so on cannot be sorted or compared by, so its schema here has attributes of its own for ours;
names are changed on the way there and back. Entries have no accents, as these do not count for us and do for slapd.
"""

from __future__ import annotations

import base64
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ending import end
from free_port import free_port
from pbx_directory.ldap.attributes import find_attribute
from pbx_directory.ldap.filters import And, Comparing, Comparison, Extensible, Filter, Held, Negation, Or, Pieces

from pbx_connector.api import Content, Store

from . import ldap_support as ldap
from .ldap_support import Answer, Client

PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"  # where Debian has slapd
PROGRAMS = ("slapd", "slapadd")
SCHEMAS = Path("/etc/ldap/schema")
MODULES = Path("/usr/lib/ldap")

TEXTS = ("cn", "sn", "givenName", "displayName", "o", "company", "mail")
NUMBERS = ("telephoneNumber", "mobile", "homePhone", "facsimileTelephoneNumber", "ipPhone")
OTHERS = ("description", "pbxLabel")
RENAMED = {name: f"our{name[0].upper()}{name[1:]}" for name in (*TEXTS, *NUMBERS, *OTHERS)}
RENAMED_BACK = {slapd.lower(): ours for ours, slapd in RENAMED.items()}
CLASSES = {"inetOrgPerson": "ourPerson"}

_TEXT = "EQUALITY caseIgnoreMatch ORDERING caseIgnoreOrderingMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX {0}.15"
_NUMBER = "EQUALITY telephoneNumberMatch SUBSTR telephoneNumberSubstringsMatch SYNTAX {0}.50"
_KINDS = {**dict.fromkeys(TEXTS, _TEXT), **dict.fromkeys(NUMBERS, _NUMBER)}
_KINDS |= {"description": "SYNTAX {0}.15", "pbxLabel": "EQUALITY caseIgnoreMatch SYNTAX {0}.15"}

CONF = """\
include {schemas}/core.schema
include {schemas}/cosine.schema
{attributes}
objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'ourPerson' SUP top STRUCTURAL MUST uid MAY ( {may} ) )
modulepath {modules}
moduleload back_mdb
moduleload sssvlv
sizelimit unlimited
timelimit unlimited
allow bind_v2
database mdb
suffix dc=phonebook
rootdn cn=root,dc=phonebook
rootpw secret
maxsize 100000000
directory {folder}/db
index objectClass eq
dbnosync
overlay sssvlv
sssvlv-max 100
sssvlv-maxkeys 5
sssvlv-maxperconn 10
"""


def missing_of_slapd() -> list[str]:
    missing = [program for program in PROGRAMS if shutil.which(program, path=PATH) is None]
    return missing or ([] if (SCHEMAS / "cosine.schema").exists() else ["its schemas"])


class Slapd:
    """On loopback, and gone with the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.address = f"127.0.0.1:{free_port()}"

    @classmethod
    @contextmanager
    def start(cls, folder: Path, ldif: str) -> Iterator[Slapd]:
        server = cls(folder)
        (folder / "db").mkdir(parents=True)
        (folder / "slapd.conf").write_text(_configuration(folder))
        command = ["slapadd", "-q", "-f", str(folder / "slapd.conf")]
        loaded = subprocess.run(command, input=ldif.encode(), env={"PATH": PATH}, capture_output=True, check=False)
        assert loaded.returncode == 0, loaded.stderr.decode()
        process = server._run()
        try:
            yield server
        finally:
            end(process)

    def _run(self) -> subprocess.Popen[bytes]:
        command = ["slapd", "-d", "0", "-f", str(self._folder / "slapd.conf"), "-h", f"ldap://{self.address}"]
        with (self._folder / "log").open("wb") as log:
            process = subprocess.Popen(command, env={"PATH": PATH}, stdout=log, stderr=log)
        host, _, port = self.address.rpartition(":")
        for _ in range(5000):
            with socket.socket() as knock:
                if knock.connect_ex((host, int(port))) == 0:
                    return process
            assert process.poll() is None, (self._folder / "log").read_text()
            time.sleep(0.02)
        raise TimeoutError("slapd does not start")


def _configuration(folder: Path) -> str:
    syntax = "1.3.6.1.4.1.1466.115.121.1"
    lines = [
        f"attributetype ( 1.3.6.1.4.1.99999.1.{number} NAME '{name}' {_KINDS[ours].format(syntax)} )"
        for number, (ours, name) in enumerate(RENAMED.items(), start=1)
    ]
    return CONF.format(
        schemas=SCHEMAS, modules=MODULES, folder=folder, attributes="\n".join(lines), may=" $ ".join(RENAMED.values())
    )


# --- the same entries for both --------------------------------------------------------------------------------------

WORDS = [
    "anna",
    "Anne",
    "Bo",
    "bob",
    "Example",
    "x",
    "X2",
    "of",
    "a*b",
    "(c)",
    "d\\e",
    "m&m",
    "10",
    "o'Neil",
    "<q>",
    "#1",
]
E164 = ["+4930123456", "+49301234", "+4989999", "+441632960001", "+4930123499"]
SHORT = ["42", "421", "11"]
ACCOUNT = "1"


def fill(store: Store, chance: random.Random, entries: int = 60) -> str:
    """Random entries; what a device of `ACCOUNT` sees of them as LDIF."""
    ldap.fill(store)
    for known in list(store.entries()):
        store.remove_entry(known.id)
    parts = [_folder("dc=phonebook", "domain", "dc: phonebook")]
    parts += [
        _folder(f"ou={name},dc=phonebook", "organizationalUnit", f"ou: {name}") for name in ("company", "private")
    ]
    for _ in range(entries):
        content = _content(chance)
        number = store.add_entry(content).id
        if content.account in (None, ACCOUNT):
            parts.append(_ldif(number, content))
    return "\n".join(parts)


def _folder(dn: str, kind: str, line: str) -> str:
    return f"dn: {dn}\nobjectClass: {kind}\n{line}\n"


def _content(chance: random.Random) -> Content:
    fields = {"display_name": _phrase(chance)}
    for name, share in (("first_name", 0.6), ("last_name", 0.6), ("organisation", 0.5), ("email", 0.4)):
        if chance.random() < share:
            fields[name] = f"{chance.choice('ab')}@example.test" if name == "email" else _phrase(chance)
    for name, share in (("phone", 0.8), ("mobile", 0.4), ("home_phone", 0.2), ("fax", 0.3)):
        if chance.random() < share:
            fields[name] = chance.choice(E164 + (SHORT if name == "phone" else []))
    if chance.random() < 0.3:
        fields["notes"] = _phrase(chance)
    labels = {name: chance.choice(["vip", "no", "a b"]) for name in ("ring", "group") if chance.random() < 0.4}
    return Content(chance.choice([None, None, None, ACCOUNT, "2"]), fields, labels)


def _phrase(chance: random.Random) -> str:
    return chance.choice([" ", " ", "  "]).join(chance.choices(WORDS, k=chance.choice([1, 1, 2, 2, 3])))


def _ldif(number: int, content: Content) -> str:
    fields = content.fields
    held: dict[str, str | None] = {
        "cn": fields["display_name"],
        "displayName": fields["display_name"],
        "sn": fields.get("last_name") or fields.get("organisation") or fields["display_name"],
        "givenName": fields.get("first_name"),
        "o": fields.get("organisation"),
        "company": fields.get("organisation"),
        "mail": fields.get("email"),
        "telephoneNumber": fields.get("phone"),
        "ipPhone": fields.get("phone") if not fields.get("phone", "+").startswith("+") else None,
        "mobile": fields.get("mobile"),
        "homePhone": fields.get("home_phone"),
        "facsimileTelephoneNumber": fields.get("fax"),
        "description": fields.get("notes"),
    }
    lines = [(RENAMED[name], value) for name, value in held.items() if value]
    lines += [(RENAMED["pbxLabel"], f"{name}: {value}") for name, value in content.labels.items()]
    where = "company" if content.account is None else "private"
    text = [f"dn: uid={number},ou={where},dc=phonebook", "objectClass: ourPerson", f"uid: {number}"]
    text += [f"{name}:: {base64.b64encode(value.encode()).decode()}" for name, value in lines]
    return "\n".join(text) + "\n"


# --- questions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    filter: Filter
    base: str = "dc=phonebook"
    scope: int = 2
    attributes: tuple[str, ...] = ()
    types_only: bool = False
    size: int = 0
    page: int = 0
    sort: tuple[str, ...] = ()


def question(chance: random.Random, entries: int = 60) -> Question:
    kind = chance.random()
    asked = Question(_filter(chance, 3), _base(chance, entries), chance.choice([0, 1, 2, 2, 2]))
    asked = replace(asked, attributes=_attributes(chance), types_only=chance.random() < 0.1)
    if kind < 0.15:
        return replace(asked, size=chance.choice([1, 2, 3, 10, 1_000]))
    if kind < 0.3:
        return replace(asked, page=chance.choice([1, 2, 7, 100]), filter=_wide(chance, asked.filter))
    if kind < 0.5:
        keys = chance.sample(TEXTS, chance.choice([1, 1, 2]))
        return replace(
            asked, sort=tuple(chance.choice(["", "-"]) + key for key in keys), attributes=(), types_only=False
        )
    return asked


def _wide(chance: random.Random, asked: Filter) -> Filter:
    return chance.choice([asked, Held("objectClass"), Negation(asked)])


def _base(chance: random.Random, entries: int) -> str:
    entry = f"uid={chance.randrange(1, entries + 20)},ou={chance.choice(['company', 'private'])},dc=phonebook"
    usual = ["dc=phonebook"] * 6 + ["ou=company,dc=phonebook"] * 2 + ["ou=private,dc=phonebook"]
    odd = ["OU = Company , DC=phone\\62ook", "ou=none,dc=phonebook", "dc=phonebook,", "cn=x,ou=company,dc=phonebook"]
    return chance.choice([*usual, entry, chance.choice(odd)])


def _attributes(chance: random.Random) -> tuple[str, ...]:
    if chance.random() < 0.4:
        return ()
    known = [*TEXTS, *NUMBERS, *OTHERS, "uid", "ou", "x-unknown", "*", "1.1"]
    names = chance.choices(known, k=chance.choice([1, 2, 4]))
    return tuple(chance.choice([name, name.upper(), name.lower()]) for name in names)


def _filter(chance: random.Random, depth: int) -> Filter:
    kind = chance.random() if depth else 1.0
    if kind < 0.2:
        return And(tuple(_filter(chance, depth - 1) for _ in range(chance.choice([0, 1, 2, 2, 3]))))
    if kind < 0.4:
        return Or(tuple(_filter(chance, depth - 1) for _ in range(chance.choice([0, 1, 2, 2, 3]))))
    if kind < 0.6:
        return Negation(_filter(chance, depth - 1))
    return _term(chance)


def _term(chance: random.Random) -> Filter:
    kind = chance.random()
    if kind < 0.5:
        return _text_term(chance, chance.choice(TEXTS))
    if kind < 0.75:
        return _number_term(chance, chance.choice(NUMBERS))
    return _other_term(chance)


def _cased(chance: random.Random, text: str) -> str:
    return chance.choice([text, text.upper(), text.lower(), text.swapcase()])


def _text_term(chance: random.Random, attribute: str) -> Filter:
    kind = chance.random()
    if kind < 0.15:
        return Held(attribute)
    if kind < 0.5:
        return _pieces(attribute, [_cased(chance, _part(chance)) for _ in range(chance.choice([1, 1, 2, 3]))], chance)
    value = _cased(chance, chance.choice([_phrase(chance), _part(chance)]))
    value = chance.choice(["", " ", "  "]) + value + chance.choice(["", " "])
    compare = chance.choice([Comparing.EQUAL, Comparing.AT_LEAST, Comparing.AT_MOST])
    return Comparison(compare, attribute, b"\xff" if chance.random() < 0.02 else value.encode())


def _part(chance: random.Random) -> str:
    phrase = _phrase(chance)
    begin = chance.randrange(len(phrase))
    return phrase[begin : begin + chance.choice([1, 2, 3, 9])]


def _pieces(attribute: str, parts: Sequence[str], chance: random.Random) -> Filter:
    octets = [part.encode() for part in parts]
    if not octets[0].strip():  # whether everybody begins with a blank, as RFC 4518 has it, slapd denies
        octets[0] = b"a"
    shape = chance.choice(["initial", "within", "final", "both"])
    if len(octets) > 1 and shape == "both":
        return Pieces(attribute, octets[0], tuple(octets[1:-1]), octets[-1])
    if shape == "initial":
        return Pieces(attribute, octets[0], tuple(octets[1:]))
    return (
        Pieces(attribute, b"", tuple(octets[:-1]), octets[-1])
        if shape == "final"
        else Pieces(attribute, b"", tuple(octets))
    )


def _number_term(chance: random.Random, attribute: str) -> Filter:
    number = chance.choice([*E164, *SHORT, "+4912345678", "99"])
    kind = chance.random()
    if kind < 0.2:
        return Held(attribute)
    if kind < 0.6:
        begin = chance.randrange(len(number))
        piece = number[begin : begin + chance.choice([1, 2, 4, 20])]
        piece = piece.lstrip("0") or "3"  # who begins with 00 means a plus sign, here
        return _pieces(attribute, [piece], chance)
    if len(number) > 4:
        number = number[:3] + chance.choice(["", " ", "-"]) + number[3:]
    return Comparison(chance.choice([Comparing.EQUAL, Comparing.ALIKE]), attribute, number.encode())


def _other_term(chance: random.Random) -> Filter:
    terms: list[Filter] = [
        Comparison(Comparing.EQUAL, "uid", str(chance.randrange(70)).encode()),
        Held("uid"),
        Held("objectClass"),
        Held("ou"),
        Comparison(Comparing.EQUAL, "objectClass", b"inetOrgPerson"),
        Comparison(Comparing.EQUAL, "objectClass", b"organizationalUnit"),
        Comparison(Comparing.EQUAL, "objectClass", b"x-unknown"),
        Comparison(Comparing.EQUAL, "ou", b" Company "),
        Comparison(Comparing.AT_LEAST, "ou", b"a"),
        Held("x-unknown"),
        Comparison(Comparing.EQUAL, "x-unknown", b"a"),
        Held("pbxLabel"),
        Comparison(Comparing.EQUAL, "pbxLabel", _cased(chance, "ring").encode() + b": vip"),
        Comparison(Comparing.EQUAL, "pbxLabel", b"group: a b"),
        Comparison(Comparing.EQUAL, "pbxLabel", b"group"),
        Pieces("pbxLabel", b"gro"),
        Pieces("objectClass", b"inet"),
        Extensible(),
    ]
    return chance.choice(terms)


# --- asking both ----------------------------------------------------------------------------------------------------


def renamed(asked: Filter) -> Filter:
    match asked:
        case And(filters):
            return And(tuple(map(renamed, filters)))
        case Or(filters):
            return Or(tuple(map(renamed, filters)))
        case Negation(inner):
            return Negation(renamed(inner))
        case Comparison(kind, "objectClass", value):
            return Comparison(kind, "objectClass", CLASSES.get(value.decode(), value.decode()).encode())
        case Comparison(kind, attribute, value):
            return Comparison(kind, RENAMED.get(attribute, attribute), value)
        case Pieces(attribute, initial, within, final):
            return Pieces(RENAMED.get(attribute, attribute), initial, within, final)
        case Held(attribute):
            return Held(RENAMED.get(attribute, attribute))
        case Extensible():
            return asked


def for_slapd(asked: Question) -> Question:
    def name(ours: str) -> str:
        known = find_attribute(ours)
        return RENAMED.get(known.name, ours) if known else ours

    sort = tuple(("-" if key.startswith("-") else "") + name(key.removeprefix("-")) for key in asked.sort)
    return replace(asked, filter=renamed(asked.filter), attributes=tuple(map(name, asked.attributes)), sort=sort)


def answers(client: Client, asked: Question) -> list[Answer]:
    """One, or one for each page."""
    found, cookie = [], b""
    while True:
        controls = [ldap.sort(*asked.sort, critical=True)] if asked.sort else []
        controls += [ldap.paged(asked.page, cookie)] if asked.page else []
        request = ldap.search(
            asked.filter,
            *controls,
            base=asked.base,
            scope=asked.scope,
            attributes=asked.attributes,
            size=asked.size,
            types_only=asked.types_only,
        )
        found.append(client.ask(request))
        cookie = found[-1].cookie if asked.page and found[-1].code == 0 else b""
        if not cookie:
            return found


Row = tuple[str, tuple[tuple[str, tuple[str, ...]], ...]]


def row(dn: str, held: dict[str, list[str]]) -> Row:
    """An entry as it is compared. Its classes have other names in slapd; a number that we give back in the form that
    it was asked in as well counts once."""
    rows = []
    for name, values in held.items():
        back = RENAMED_BACK.get(name.lower(), name)
        known = find_attribute(back)
        canonical = known.name if known else back
        if known is not None and known.is_number:
            values = list({value.replace(" ", "").replace("-", "") for value in values})
        rows.append((canonical, () if canonical == "objectClass" else tuple(sorted(values))))
    return dn, tuple(sorted(rows))


@contextmanager
def asking_both(store: Store, folder: Path, chance: random.Random) -> Iterator[Callable[[Question], list[str]]]:
    """A function that asks both servers a question and says how their answers differ. Fills the store."""
    ldif = fill(store, chance)
    known = ldap.login(store, ACCOUNT)
    with (
        Slapd.start(folder, ldif) as slapd,
        ldap.serving(store) as server,
        Client(server.address) as ours,
        Client(slapd.address) as theirs,
    ):
        assert ours.ask(ldap.bind(known.dn, known.secret)).code == 0
        assert theirs.ask(ldap.bind("cn=root,dc=phonebook", "secret")).code == 0
        yield lambda asked: differences(asked, answers(ours, asked), answers(theirs, for_slapd(asked)))


def differences(asked: Question, ours: list[Answer], theirs: list[Answer]) -> list[str]:
    found = [f"{what}: {a!r} and not {b!r}" for what, a, b in _compared(asked, ours, theirs) if a != b]
    return found


def _compared(asked: Question, ours: list[Answer], theirs: list[Answer]) -> Iterator[tuple[str, object, object]]:
    yield "results", [a.code for a in ours], [a.code for a in theirs]
    yield "matched", ours[0].matched, theirs[0].matched
    yield "entries a page", [len(a.entries) for a in ours], [len(a.entries) for a in theirs]
    mine, others = ([row(*entry) for answer in both for entry in answer.entries] for both in (ours, theirs))
    if ours[0].code != 4:
        yield "entries", sorted(mine), sorted(others)
    if asked.sort:
        yield "order", [_keys(asked, each) for each in mine], [_keys(asked, each) for each in others]


def _keys(asked: Question, each: Row) -> list[str]:
    held = dict(each[1])
    return [" ".join("".join(held.get(key.removeprefix("-"), ("￿",))).lower().split()) for key in asked.sort]
