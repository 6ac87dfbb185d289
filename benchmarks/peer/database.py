"""One engine, one ORM session per request."""

import os
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import event, make_url, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

CONNECTIONS = 12
DRIVERS = {"postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}

url = make_url(os.environ["PEER_DATABASE_URL"])
engine = create_async_engine(
    url.set(drivername=DRIVERS[url.get_backend_name()]), pool_size=CONNECTIONS, max_overflow=0
)
new_session = async_sessionmaker(engine, expire_on_commit=False)

if engine.dialect.name == "sqlite":

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


async def session() -> AsyncIterator[AsyncSession]:
    async with new_session() as opened:
        yield opened


async def begin_writing(session: AsyncSession) -> None:
    """Where no row can be locked, lock them all before anything is read."""
    if engine.dialect.name == "sqlite":
        await session.execute(text("BEGIN IMMEDIATE"))


Database = Annotated[AsyncSession, Depends(session)]
