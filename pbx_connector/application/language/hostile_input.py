"""Every request has an answer, whatever its numbers are: an editor that waits for one shows no help any more."""

from __future__ import annotations

from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, default_converter

_LAST = 2**31 - 1
"""The largest number that the protocol knows."""


class TolerantProtocol(LanguageServerProtocol):
    """Answers a request that cannot be read with an error; pygls would only log it."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "method" in data and isinstance(data.get("id"), (int, str)):
                self._send_response(data["id"], None, error.to_response_error())
            raise


def tolerant_converter() -> Any:
    """A position that no text can have becomes the nearest that one can have."""
    converter = default_converter()  # type: ignore[no-untyped-call]  # of pygls
    converter.register_structure_hook(lsp.Position, _position)
    return converter


def _position(data: Any, _type: object) -> lsp.Position:
    return lsp.Position(_number(data["line"]), _number(data["character"]))


def _number(value: object) -> int:
    return min(max(value, 0), _LAST) if isinstance(value, int) else 0
