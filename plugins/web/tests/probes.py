"""What a test puts where only text belongs, to see whether something takes it for a template."""

from __future__ import annotations

CALCULATION = "{{1009*1013}}"
RESULT = "1022117"
"""Of `CALCULATION`, if a page worked it out; no clock, number or count of a test comes near it."""
