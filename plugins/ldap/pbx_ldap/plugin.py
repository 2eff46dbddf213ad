"""Registers LDAP as a source; found through the entry point group `pbx_connector`.

What speaks to a server is imported when a source is opened: profiles are checked without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from importlib.resources import files

from pbx_connector.api import Check, Problem, Question, Source, SourceContext, SourceType, Template, hookimpl, importing
from pbx_ldap.error_catalog import UNVERIFIED
from pbx_ldap.fields import FIELDS
from pbx_ldap.settings import LdapSettings

_LOGIN = (
    Question("servers", "Hosts of directory servers, with commas between them"),
    Question("username", "Log-in name of the service user (user@domain, or a whole distinguished name)"),
    Question("password", "Password of the service user", secret=True),
    Question("base", "Where to begin, such as ou=people,dc=example,dc=com (empty: the whole directory)", default=""),
)


def _template(name: str, title: str, profile: str) -> Template:
    text = files(__package__).joinpath("templates", f"{name}.yaml").read_text(encoding="utf-8")
    return Template(name, title, text, (Question("name", "Title of the profile", default=profile), *_LOGIN))


def warnings(settings: LdapSettings) -> Iterator[Problem]:
    if not settings.verify:
        yield UNVERIFIED.warning("verify: false")


def open_source(settings: LdapSettings, context: SourceContext) -> AbstractContextManager[Source]:
    with importing("pbx-connector-ldap"):
        from pbx_ldap.source import open_ldap
    return open_ldap(settings, context)


def test_connection(settings: LdapSettings, context: SourceContext) -> Iterator[Check]:
    with importing("pbx-connector-ldap"):
        from pbx_ldap.probe import test_connection
    return test_connection(settings, context)


@hookimpl
def pbx_sources() -> Sequence[SourceType]:
    return (
        SourceType(
            name="ldap",
            title="Active Directory, OpenLDAP and other LDAP directories",
            settings=LdapSettings,
            fields=FIELDS,
            open=open_source,
            version=version("pbx-connector-ldap"),
            test_connection=test_connection,
            warnings=warnings,
            templates=(
                _template("active-directory", "People and contacts of Active Directory", "Active Directory"),
                _template("ldap-contacts", "People of an LDAP directory, such as OpenLDAP", "LDAP contacts"),
            ),
        ),
    )
