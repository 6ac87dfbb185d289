"""Who asks, as a dependency."""

import datetime as dt
import os
from typing import Annotated
from uuid import UUID

import jwt
from fastapi import Depends, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from benchmarks.peer.database import Database
from benchmarks.peer.models import Account, Session, now

IDLE = dt.timedelta(hours=3)
TOUCH_AFTER = dt.timedelta(minutes=1)
SECRET_KEY = os.environ["PEER_SECRET_KEY"]
bearer = HTTPBearer(auto_error=False)


async def current_user(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)], database: Database
) -> Account:
    unauthenticated = HTTPException(
        status.HTTP_401_UNAUTHORIZED, "authentication required", headers={"WWW-Authenticate": "Bearer"}
    )
    if credentials is None:
        raise unauthenticated
    try:
        claims = jwt.decode(
            credentials.credentials,
            SECRET_KEY,
            algorithms=["HS256"],
            audience="attendance",
            issuer="attendance",
        )
        session_id = UUID(claims["sid"])
    except (jwt.InvalidTokenError, KeyError, ValueError):
        raise unauthenticated from None
    session = await database.scalar(
        select(Session).where(Session.id == session_id).options(joinedload(Session.account))
    )
    at = now()
    if (
        session is None
        or not session.account.active
        or at >= session.expires_at
        or at >= session.last_seen_at + IDLE
    ):
        raise unauthenticated
    if at >= session.last_seen_at + TOUCH_AFTER:
        session.last_seen_at = at
        await database.commit()
    return session.account


CurrentUser = Annotated[Account, Depends(current_user)]
