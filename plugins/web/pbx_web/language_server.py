"""The language server for the editor of the pages: a session of it for each WebSocket."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

from pbx_connector.api import StoreError, application
from pbx_web.origin import is_ours

Session = application.language.Session
SessionEnded = application.language.SessionEnded

PATH = "/editor/ws"
LOOKED_AT_EVERY = 15.0
"""Seconds between two looks at whether whoever types may still do so."""
UNREAD = 256
"""Messages that a browser may leave unread."""
EDITORS_OF_ONE = 16
"""Editors that one user may have open, in as many tabs."""

Permitted = Callable[[WebSocket], str | None]
"""The name of the user that a WebSocket belongs to, if that one may edit profiles. Called in a thread, now and then;
being asked about is no activity of the user. Raises `StoreError`."""


class Close(IntEnum):
    """Codes for our script, which says what there is to do."""

    ENDED = 4401
    """There is no session, or its user may not edit profiles."""
    LATER = 1013
    """The store, which knows the sessions, is unreachable."""
    TOO_MUCH = 4429
    """Beyond what is served. The editor may come back, after a while."""


class LanguageServer:
    """Its `serve` is an endpoint for a `WebSocketRoute`, for the site in the scope of each WebSocket."""

    def __init__(self, permitted: Permitted) -> None:
        self._permitted = permitted
        self._open: Counter[tuple[str, str]] = Counter()
        """By site and user."""

    async def serve(self, websocket: WebSocket) -> None:
        if not is_ours(websocket, required=True):
            await websocket.close()  # before it is accepted: an answer with 403
            return
        await websocket.accept()
        try:
            user = await anyio.to_thread.run_sync(self._permitted, websocket)
        except StoreError:
            await websocket.close(Close.LATER)
            return
        if user is None:
            await websocket.close(Close.ENDED)
        elif self._open[who := (websocket.scope["site"].id, user)] >= EDITORS_OF_ONE:
            await websocket.close(Close.TOO_MUCH, "too many editors are open")
        else:
            await self._counted(websocket, who)

    async def _counted(self, websocket: WebSocket, who: tuple[str, str]) -> None:
        self._open[who] += 1
        try:
            await self._converse(websocket)
        finally:
            self._open -= Counter([who])

    async def _converse(self, websocket: WebSocket) -> None:
        said: asyncio.Queue[str] = asyncio.Queue()
        installation = await anyio.to_thread.run_sync(lambda: websocket.scope["site"].installation)
        session = Session(installation.plugins, said.put_nowait)
        tasks = [
            asyncio.create_task(part)
            for part in (_listen(websocket, session, said), _speak(websocket, said), self._watch(websocket))
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            code, reason = next((task.result() for task in tasks if task.done()), (1000, ""))
        finally:
            session.close()
            for task in tasks:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(RuntimeError, WebSocketDisconnect):  # it has gone
            await websocket.close(code, reason)

    async def _watch(self, websocket: WebSocket) -> tuple[int, str]:
        while True:
            await asyncio.sleep(LOOKED_AT_EVERY)
            with suppress(StoreError):  # nobody can be asked: looked at again
                if await anyio.to_thread.run_sync(self._permitted, websocket) is None:
                    return Close.ENDED, ""


async def _listen(websocket: WebSocket, session: Session, said: asyncio.Queue[str]) -> tuple[int, str]:
    while (message := await websocket.receive())["type"] == "websocket.receive":
        try:
            session.receive(message.get("text") or "")
        except SessionEnded as end:
            return Close.TOO_MUCH, str(end)
        if said.qsize() > UNREAD:
            return Close.TOO_MUCH, "the browser does not read what it is told"
        await asyncio.sleep(0)  # others have their turn, however much is here
    return 1000, ""


async def _speak(websocket: WebSocket, said: asyncio.Queue[str]) -> tuple[int, str]:
    with suppress(RuntimeError, WebSocketDisconnect):  # it has gone
        while True:
            await websocket.send_text(await said.get())
    return 1000, ""
