"""How long a client may stall amid a request or an answer."""

import asyncio

from litestar.exceptions import HTTPException
from litestar.types import Message, Receive, ReceiveMessage, Send

REQUEST_TIMEOUT = 408


class ReceivingInTime:
    """What a client sends, the whole body of it within so many seconds from when somebody begins to read.

    Raises HTTPException: 408. That the client leaves, once all is sent, is waited for as long as it takes.
    """

    __slots__ = ("_deadline", "_is_whole", "_receive", "_seconds")

    def __init__(self, receive: Receive, seconds: float) -> None:
        self._receive, self._seconds = receive, seconds
        self._deadline: float | None = None
        self._is_whole = False

    async def __call__(self) -> ReceiveMessage:
        if self._is_whole:
            return await self._receive()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(status_code=REQUEST_TIMEOUT, headers={"Connection": "close"}) from error
        self._is_whole = not (message["type"] == "http.request" and message.get("more_body"))
        return message


class ClientStalled(ConnectionError):
    """It has taken nothing of the answer for too long: there is nobody to go on for."""


async def sent_in_time(send: Send, message: Message, seconds: float) -> None:
    """Hand a piece of an answer on. Raises ClientStalled where the client takes none for so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await send(message)
    except TimeoutError as error:
        raise ClientStalled from error
