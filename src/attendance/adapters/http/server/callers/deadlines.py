"""How long a client may stall amid a request or an answer."""

import asyncio
import logging

from litestar.exceptions import HTTPException
from litestar.types import HTTPDisconnectEvent, Message, Receive, ReceiveMessage, Send

log = logging.getLogger(__name__)

REQUEST_TIMEOUT = 408
LEFT: HTTPDisconnectEvent = {"type": "http.disconnect"}


class InTime:
    """What is received from a client and sent to it, with a deadline of so many seconds for each.

    The whole body is to come within that time from when somebody begins to read it, and each piece of an
    answer in pieces is to be taken within it. Who takes none is treated as one who has left.
    """

    __slots__ = ("_deadline", "_is_whole", "_receive", "_seconds", "_send", "_stalled")

    def __init__(self, receive: Receive, send: Send, seconds: float) -> None:
        self._receive, self._send, self._seconds = receive, send, seconds
        self._deadline: float | None = None
        self._is_whole = False
        # made by whoever needs it, who are few
        self._stalled: asyncio.Event | None = None

    async def receive(self) -> ReceiveMessage:
        """Raises HTTPException: 408, for a body that is not there in time."""
        if self._is_whole:
            return await self._left()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(status_code=REQUEST_TIMEOUT, headers={"Connection": "close"}) from error
        self._is_whole = not (message["type"] == "http.request" and message.get("more_body"))
        return message

    async def _left(self) -> ReceiveMessage:
        """What comes when all is sent: that the client leaves, which may take as long as it likes."""
        leaving, stalled = (
            asyncio.ensure_future(self._receive()),
            asyncio.ensure_future(self._stall().wait()),
        )
        try:
            await asyncio.wait({leaving, stalled}, return_when=asyncio.FIRST_COMPLETED)
            return leaving.result() if leaving.done() else LEFT
        finally:
            leaving.cancel()
            stalled.cancel()

    async def send(self, message: Message) -> None:
        """Does nothing for a client that has taken none of an answer for too long."""
        if self._stalled is not None and self._stalled.is_set():
            return
        if not message.get("more_body"):
            await self._send(message)
            return
        try:
            async with asyncio.timeout(self._seconds):
                await self._send(message)
        except TimeoutError:
            log.info("a client has taken nothing of its answer for too long")
            self._stall().set()

    def _stall(self) -> asyncio.Event:
        if self._stalled is None:
            self._stalled = asyncio.Event()
        return self._stalled
