"""The way to a profile's source, step by step."""

from __future__ import annotations

from collections.abc import Iterator

from pbx_connector.errors import ConnectorError
from pbx_connector.model import Problem
from pbx_connector.profile import Profile
from pbx_connector.source import Check, SourceContext
from pbx_connector.stores import Accounts


def test_connection(profile: Profile, store: Accounts) -> Iterator[Check]:
    """Each step as it is taken; a source without steps of its own is opened, which is one."""
    context = SourceContext(store.accounts(), profile.fields)
    if profile.source.test_connection is not None:
        yield from profile.source.test_connection(profile.settings, context)
        return
    try:
        with profile.source.open(profile.settings, context):
            yield Check("source", detail="it opens")
    except ConnectorError as error:
        yield Check("source", Problem(error.code, error.message, hint=error.hint))
