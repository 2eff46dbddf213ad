"""The values that rules compute with. Blank is None; what else counts as blank, `runtime.coercion` turns into None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeAlias

Value: TypeAlias = "str | int | float | Decimal | bool | date | Sequence[Value] | Mapping[str, Value] | None"
"""What a field has and a function gives: a text, number, yes/no, date, list or record; None is blank."""
