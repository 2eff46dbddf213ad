"""docs/ldap.md is true: its settings are accepted, its commands print what it says, its table names what there is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from pbx_ldap import error_catalog
from pbx_ldap.fields import KNOWN
from pbx_ldap.settings import LdapSettings
from ruamel.yaml import YAML

from pbx_connector.api import CONTACT_FIELDS, ErrorText

from .command_line import run
from .openldap import PASSWORD, OpenLdap, person

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "ldap.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_the_settings_are_accepted(block: str) -> None:
    LdapSettings.model_validate(YAML(typ="safe").load(block)["settings"])


def test_every_shared_name_is_in_the_table_of_fields() -> None:
    (table,) = re.findall(r"^\| Shared name .*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"`(\w+)`", table))
    named |= {f"EmailAddresses_EmailAddress{number}" for number in "23"} | {"PhysicalAddresses_Business_Text"}
    named |= {f"ImAddresses_ImAddress{number}" for number in "23"}
    named -= {"SMTP", "smtp", "sip", "_Text"}
    assert {name for name in named if name.isidentifier() and name != "3"} == KNOWN.keys() & CONTACT_FIELDS.keys()


def test_the_page_of_problems_says_the_same_words() -> None:
    page = (DOCS / "problems.md").read_text(encoding="utf-8")
    for one in (value for value in vars(error_catalog).values() if isinstance(value, ErrorText)):
        assert f"| {one.code} | {one.message.replace('{name}', '…')} | {one.hint} |" in page


@pytest.fixture
def protected(openldap_programs: None, certificates: Path, tmp_path: Path) -> Iterator[OpenLdap]:
    tls = f"TLSCertificateFile {certificates}/server.pem\nTLSCertificateKeyFile {certificates}/server.key"
    with OpenLdap.start(tmp_path / "slapd", tls) as server:
        server.add("dn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n")
        server.add(*(person(name, "ou=people") for name in ("Anna Berg", "Ben Adler", "Chloe Duval")))
        yield server


def test_the_commands_print_what_the_page_says(protected: OpenLdap, certificates: Path, tmp_path: Path) -> None:
    (tmp_path / "directory.secret").write_text(PASSWORD)
    host = f"127.0.0.1:{protected.tls_port}"
    commands = 0
    for line in "".join(blocks("console")).replace("ldap.example.test", host).splitlines():
        if line.startswith("$ "):
            printed = iter(run(tmp_path, certificates, *shlex.split(line)[2:]).splitlines())
            commands += 1
        elif line != "...":
            assert any(line in found for found in printed), line
    assert commands == 5
