"""A network between the service and its PostgreSQL that can stop carrying without telling either of them."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

import sqlalchemy as sa

PIECE = 1 << 16


@dataclass(eq=False)
class Way:
    """A connection and what serves it; `is_lost`: what is sent on it arrives nowhere any more."""

    task: asyncio.Task[object]
    is_lost: bool = False


@dataclass(eq=False)
class Network:
    """Carries bytes between a port of this machine and the server of a database."""

    server: sa.URL
    port: int = 0
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    carries: asyncio.Event = field(default_factory=asyncio.Event)
    ways: set[Way] = field(default_factory=set)
    is_hole: bool = False

    @property
    def url(self) -> str:
        """The database's as it is reached through here."""
        here = self.server.difference_update_query(["host"]).set(host="127.0.0.1", port=self.port)
        return here.render_as_string(hide_password=False)

    def delay(self) -> None:
        """Keep whatever comes from now on, in its order, until `go_on`."""
        self._do(self.carries.clear)

    def go_on(self) -> None:
        self._do(self.carries.set)

    def swallow(self) -> None:
        """Lose what is sent from now on: on the connections there are for ever, on others until `heal`."""

        def lose() -> None:
            self.is_hole = True
            for way in self.ways:
                way.is_lost = True

        self._do(lose)

    def heal(self) -> None:
        self._do(lambda: setattr(self, "is_hole", False))

    def close(self) -> None:
        """End every connection, as a machine does that is started again."""

        def end() -> None:
            for way in self.ways:
                way.task.cancel()

        self._do(end)

    def _do(self, what: Callable[[], object]) -> None:
        is_done = Event()
        self.loop.call_soon_threadsafe(lambda: (what(), is_done.set()))
        is_done.wait()

    async def serve(self) -> asyncio.Server:
        self.carries.set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        way = Way(task, is_lost=self.is_hole)
        self.ways.add(way)
        ends = [writer]
        try:
            # a server that is down refuses: that is no hole
            server_reader, server_writer = await self._to_server()
            ends.append(server_writer)
            await asyncio.wait(
                [
                    asyncio.ensure_future(self._carry(way, reader, server_writer)),
                    asyncio.ensure_future(self._carry(way, server_reader, writer)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.ways.discard(way)
            for end in ends:
                end.transport.abort()

    async def _to_server(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        named, port = self.server.query.get("host", self.server.host), self.server.port or 5432
        if str(named).startswith("/"):
            return await asyncio.open_unix_connection(f"{named}/.s.PGSQL.{port}")
        return await asyncio.open_connection(str(named or "localhost"), port)

    async def _carry(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                await self.carries.wait()
                if not way.is_lost:
                    writer.write(piece)
                    await writer.drain()
            if way.is_lost:
                # not even that one side has gone is heard of on the other
                await asyncio.Event().wait()


@contextmanager
def between(database_url: str) -> Iterator[Network]:
    """A network up to a database's server, in a thread of its own."""
    network = Network(sa.make_url(database_url))
    loop = network.loop
    server = loop.run_until_complete(network.serve())
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield network
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in (tasks := asyncio.all_tasks(loop)):
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks))
        loop.close()
