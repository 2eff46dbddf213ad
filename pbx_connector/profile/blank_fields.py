"""Warns of rules that read what their source never has: fields that are listed so that rules of others stay valid."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from pbx_rules import Diagnostic, Span
from pbx_rules.document import Document
from pbx_rules.document.places import SourceText

from pbx_connector.documents import finding
from pbx_connector.documents.findings import START
from pbx_connector.source import SourceType


def warn_of_blank_fields(document: Document, source: SourceType, used: Collection[str]) -> Iterator[Diagnostic]:
    """One warning a field, where the file mentions it first."""
    for field in source.fields.fields:
        if field.blank and field.name in used:
            told = finding(
                "P0111",
                f"{field.name} is always blank with source {source.name}",
                file=document.file,
                span=_first_mention(document.text, field.name),
                hint=f"take another field, or leave it out; pbx-connector fields {source.name} lists what there is",
            )
            yield replace(told, severity="warning")


def _first_mention(text: str, name: str) -> Span:
    found = re.search(rf"\[{re.escape(name)}\]|\{{\{{\s*{re.escape(name)}\s*\}}\}}", text)
    return SourceText(text).span(*found.span()) if found else START
