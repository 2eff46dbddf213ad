"""Runs a contract suite as pytest would, each promise on a server of its own, and tells which of them are broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def promises(suite: type) -> set[str]:
    return {name for name in dir(suite) if name.startswith("test_")}


def broken_promises(suite: type, fixtures: Callable[[], Mapping[str, Any]]) -> set[str]:
    """`fixtures` makes those of one test, by name."""
    return {name for name in promises(suite) if not _is_kept(getattr(suite(), name), fixtures())}


def _is_kept(promise: Callable[..., None], fixtures: Mapping[str, Any]) -> bool:
    wanted = promise.__code__.co_varnames[1 : promise.__code__.co_argcount]
    try:
        promise(**{name: fixtures[name] for name in wanted})
    except Exception:  # noqa: BLE001 - a test fails with whatever it raises
        return False
    return True
