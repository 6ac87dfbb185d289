"""The application, and errors in the form the protocol asks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.orm.exc import StaleDataError

from benchmarks.peer.attendance import router
from benchmarks.peer.database import engine
from benchmarks.peer.lessons import router as lessons


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


async def refused(_: Request, error: HTTPException) -> JSONResponse:
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)


async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
    details = [
        {"field": ".".join(map(str, each["loc"][1:])), "message": each["msg"]} for each in error.errors()
    ]
    return JSONResponse({"error": "malformed request", "details": details}, status_code=400)


async def overtaken(_: Request, error: StaleDataError) -> JSONResponse:  # noqa: ARG001
    return JSONResponse({"error": "changed meanwhile"}, status_code=409)


def create_app() -> FastAPI:
    app = FastAPI(title="attendance", lifespan=lifespan)
    app.include_router(router)
    app.include_router(lessons)
    app.exception_handler(HTTPException)(refused)
    app.exception_handler(RequestValidationError)(malformed)
    app.exception_handler(StaleDataError)(overtaken)
    return app
