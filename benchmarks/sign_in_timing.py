"""Whether the time of an answer tells something: who exists, who is deactivated.

Of refused sign-ins, and of asking for a new password.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from attendance.adapters.security.passwords import Argon2Hasher
from attendance.domain.accounts.accounts import Account
from attendance.entrypoints.settings import Settings
from benchmarks.client import Connection, request
from benchmarks.contenders import OURS, serving_one
from benchmarks.filling import fill
from benchmarks.options import Options
from benchmarks.places import place
from benchmarks.seed import LONG_AGO, account, world

PASSWORD = "correct horse battery staple"
WARM_UP = 20
TRUSTED = {"trusted_proxies": "127.0.0.1"}
"""So that every request is from an address of its own, and none is refused for having been too many."""

Body = dict[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is answered for somebody beside nobody, by the same means: sign-ins, which are refused."""

    accounts: tuple[Account, ...]
    somebody: Callable[[int], Body]
    nobody: Callable[[int], Body]
    status: int = 401
    nobodys_status: int = 401
    path: str = "/api/v1/auth/login"


def measure(options: Options, home: Path) -> dict[str, Any]:
    return {kind: _on(kind, options, home) for kind in options.kinds}


def _on(kind: str, options: Options, home: Path) -> dict[str, Any]:
    compared = _comparisons(options.pairs + WARM_UP)
    everybody = tuple(each for comparison in compared.values() for each in comparison.accounts)
    seeded = world()
    with place(kind, home) as where:
        url = where.databases.fresh()
        fill(url, replace(seeded, accounts=(*seeded.accounts, *everybody)))
        with serving_one(OURS, url, home, **TRUSTED) as server:
            found = {}
            for what, comparison in compared.items():
                options.say(f"{kind}: {options.pairs} pairs of answers: {what}")
                found[what] = asyncio.run(_compared(server.port, comparison, options.pairs))
    return found


def _comparisons(number: int) -> dict[str, Comparison]:
    defaults = Settings()
    hasher = Argon2Hasher(
        time_cost=defaults.argon2_time_cost,
        memory_kib=defaults.argon2_memory_kib,
        parallelism=defaults.argon2_parallelism,
        longest_queue=1,
        longest_wait=10,
    )
    kept = {"password_hash": hasher.hash(PASSWORD), "email_confirmed_at": LONG_AGO}

    def people(name: str, **changes: Any) -> tuple[Account, ...]:
        return tuple(
            account(f"{name}{each}", email=f"{name}{each}@example.org", **kept, **changes)
            for each in range(number)
        )

    def named(name: str, password: str) -> Callable[[int], Body]:
        return lambda each: {"username": f"{name}{each}", "password": password}

    def addressed(name: str, password: str) -> Callable[[int], Body]:
        return lambda each: {"email": f"{name}{each}@example.org", "password": password}

    return {
        "a wrong password": Comparison(
            people("known"), named("known", "a guess"), named("nobody", "a guess")
        ),
        "a wrong password, by email": Comparison(
            people("reached"), addressed("reached", "a guess"), addressed("nobody", "a guess")
        ),
        "deactivated, the right password": Comparison(
            people("gone", active=False), named("gone", PASSWORD), named("no_one", PASSWORD)
        ),
        "asking for a new password": Comparison(
            people("forgetful"),
            lambda each: {"email": f"forgetful{each}@example.org"},
            lambda each: {"email": f"stranger{each}@example.org"},
            status=202,
            nobodys_status=202,
            path="/api/v1/auth/password_reset",
        ),
        # told apart it has to be: nothing is hashed for a name of which there were too many
        "the control": Comparison(
            (), lambda _: named("often", "a guess")(0), named("not_one", "a guess"), 429
        ),
    }


async def _compared(port: int, comparison: Comparison, pairs: int) -> dict[str, float]:
    """In random order, one after the other, each name once; times in ms."""
    rng, addresses = random.Random(2026), _addresses()
    somebodys: list[float] = []
    nobodys: list[float] = []
    async with Connection.opened(port) as connection:

        async def timed(body: Body, status: int) -> float:
            message = request("POST", comparison.path, None, body, forwarded_for=next(addresses))
            started = time.perf_counter()
            answered = await connection.ask(message)
            taken = (time.perf_counter() - started) * 1e3
            assert answered in (status, comparison.nobodys_status), answered
            return taken

        for number in range(WARM_UP + pairs):
            both = [
                (somebodys, comparison.somebody(number), comparison.status),
                (nobodys, comparison.nobody(number), comparison.nobodys_status),
            ]
            rng.shuffle(both)
            for times, body, status in both:
                times.append(await timed(body, status))
    somebody, nobody = somebodys[WARM_UP:], nobodys[WARM_UP:]
    return {
        "auc": auc(somebody, nobody),
        "deviation": ((2 * pairs + 1) / (12 * pairs**2)) ** 0.5,
        "somebody_ms": median(somebody),
        "nobody_ms": median(nobody),
    }


def auc(ones: list[float], others: list[float]) -> float:
    """How often one of these took longer than one of the others: 0.5 tells nothing, 0 and 1 everything."""
    wins = sum((one > other) + (one == other) / 2 for one in ones for other in others)
    return wins / (len(ones) * len(others))


def _addresses() -> Iterator[str]:
    first = ip_address("198.18.0.0")
    return (str(first + number) for number in count(random.randrange(2**16)))
