"""What the tests say of Microsoft's schema is true: it is there, and what breaks it is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from pbx_exchange.sandbox.soap import NS
from pbx_exchange.sandbox.validation import Validator


def envelope(body: str) -> bytes:
    names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
    return f"<s:Envelope {names}><s:Body>{body}</s:Body></s:Envelope>".encode()


def test_the_schema_is_there(ews_schema: Path | None, lacking: Callable[[str], NoReturn]) -> None:
    if ews_schema is None:
        lacking("no ../shared/ews-schema: what a sandbox is asked and answers is not held against Microsoft's schema")
    validator = Validator(ews_schema)
    validator.check("request", "GetFolder", envelope("<m:GetFolder/>"))
    assert len(validator.violations) == 1
    assert "GetFolder request" in validator.violations[0]
