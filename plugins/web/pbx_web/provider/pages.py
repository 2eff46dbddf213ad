"""The table of the provider's pages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from pbx_web.login import pages as login
from pbx_web.page import Action, Page
from pbx_web.pages import audit, users
from pbx_web.provider import entering, fleet, publishing, reach, secrets, tenant, tenants

_MODULES = (tenants, tenant, publishing, secrets, reach, entering, fleet, users, audit, login)
ALL: Sequence[Page | Action] = tuple(chain.from_iterable(module.PAGES for module in _MODULES))
