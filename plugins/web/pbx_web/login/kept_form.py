"""What somebody had typed as his session ended: it goes with the log-in form, and is shown once more afterwards.

Nothing of it is done before he has seen it again and sends it with the token of his new session. It is kept for forms
of our own pages alone: another site could otherwise have its own form sent in his name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile

from pbx_web.asking import Ask
from pbx_web.origin import is_ours, local

PREFIX = "kept:"
TARGET = "kept-to"
MARKS = {"csrf_token"}
HIDDEN = ("password", "secret", "token", "packed")
"""Names with one of these are kept, but not shown: nobody may read them, or nobody can."""


@dataclass(frozen=True, slots=True)
class KeptForm:
    to: str
    """The path that it was sent to."""
    fields: Sequence[tuple[str, str]]
    files: bool = False
    """It had files, which only the person can choose again."""

    @property
    def inputs(self) -> Sequence[tuple[str, str]]:
        """For a form that carries it on."""
        return [(TARGET, self.to), *((f"{PREFIX}{name}", value) for name, value in self.fields)]

    @property
    def shown(self) -> Sequence[tuple[str, str]]:
        return [(name, value) for name, value in self.fields if value and not any(one in name for one in HIDDEN)]


def interrupted(ask: Ask) -> KeptForm | None:
    """The form that `ask` sent without a session; None if no page of ours had made it for this browser."""
    if ask.wants_json or not is_ours(ask.request, required=True) or not ask.has_token:
        return None
    files = any(isinstance(value, UploadFile) and value.size for _, value in ask.form.multi_items())
    return KeptForm(ask.request.url.path, _texts(ask.form), files)


def carried(ask: Ask) -> KeptForm | None:
    """What a log-in form carries on; None if nothing was typed before."""
    to = local(str(ask.form.get(TARGET, "")))
    if to == "/" or to.startswith("/login"):
        return None
    start = len(PREFIX)
    return KeptForm(to, [(name[start:], value) for name, value in _texts(ask.form) if name.startswith(PREFIX)])


def _texts(form: FormData) -> list[tuple[str, str]]:
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str) and name not in MARKS]
