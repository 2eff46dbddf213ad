"""Every request has an answer, whatever its numbers are: an editor that waits for one shows no help any more."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, default_converter

_LAST = 2**31 - 1
"""The largest number that the protocol knows."""


class TolerantProtocol(LanguageServerProtocol):
    """Answers a request that cannot be read with an error; pygls would only log it."""

    @property
    def pending(self) -> int:
        """How many messages are not yet dealt with."""
        return len(self._request_futures)

    def give_up(self) -> None:
        """On all that is not yet dealt with."""
        for future in list(self._request_futures.values()):
            future.cancel()

    def structure_message(self, data: dict[str, Any]) -> Any:
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "method" in data and isinstance(data.get("id"), (int, str)):
                self._send_response(data["id"], None, error.to_response_error())
            raise

    def _execute_handler(
        self, msg_id: int | str, handler: Callable[..., Any], callback: Callable[..., Any], *args: Any, **options: Any
    ) -> None:
        """pygls keeps each notification that it has dealt with, for as long as the editor is open."""
        super()._execute_handler(msg_id, handler, callback, *args, **options)
        made = self._request_futures.get(msg_id)
        if made is not None:
            made.add_done_callback(lambda _: self._request_futures.pop(msg_id, None))

    def _run_generator(self, future: Future[Any] | None, *, gen: Any, result_future: Future[Any]) -> None:
        """pygls lets the event loop complain of a handler that was given up."""
        if future is not None and future.cancelled():
            result_future.cancel()
        else:
            super()._run_generator(future, gen=gen, result_future=result_future)

    def _send_response(self, msg_id: int | str, result: Any = None, error: lsp.ResponseError | None = None) -> None:
        """Without the traceback that pygls sends along: it is of no use to an editor, and says how this machine is."""
        if error is not None:
            error = lsp.ResponseError(error.code, error.message)
        super()._send_response(msg_id, result, error)


@cache
def tolerant_converter() -> Any:
    """A position that no text can have becomes the nearest that one can have. One for all: it takes time to make."""
    converter = default_converter()  # type: ignore[no-untyped-call]  # of pygls
    converter.register_structure_hook(lsp.Position, _position)
    return converter


def _position(data: Any, _type: object) -> lsp.Position:
    return lsp.Position(_number(data["line"]), _number(data["character"]))


def _number(value: object) -> int:
    return min(max(value, 0), _LAST) if isinstance(value, int) else 0
