"""The fields of a CSV file are its columns, whatever they are called; known by name are those of the phone system's own
template and the one for private rows.
"""

from __future__ import annotations

from pbx_connector.api import Field, FieldSet

ACCOUNT = "local_id"
"""The field that has an account's id in a private row."""

_DOCS = {
    "displayname": "Name, in the phone system's own CSV template.",
    "phone": "Telephone number.",
    "givenname": "First name.",
    "surname": "Last name.",
    "organisation": "Company.",
    "email": "E-mail address.",
    "mobile": "Mobile number.",
    "homephone": "Private number.",
    "fax": "Fax number.",
    "notes": "Notes.",
}
NAME = "displayname"
OPTIONAL = frozenset((*_DOCS, ACCOUNT)) - {NAME}
"""Rules may name them where the file has no such column: the template needs only the name, without which every line
would be left out and every contact seem to be gone."""

FIELDS = FieldSet(
    (
        *(Field(name, "text", doc) for name, doc in _DOCS.items()),
        Field(ACCOUNT, "text", "Id of the account whose private row this is, found by the column that account: names."),
    ),
    closed=False,
)
