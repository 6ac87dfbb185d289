"""What can be chosen on the command line."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.places import KINDS

PARTS = (
    "layer",
    "labs",
    "pinning",
    "writers",
    "sheet",
    "additions",
    "start",
    "search",
    "lists",
    "lessons",
    "figures",
    "pages",
    "export",
    "wave",
    "fairness",
    "stalled",
    "timing",
)
BY_REQUEST = ("growth", "roll_call")
"""Parts that take too long, or too much room, to be measured unless they are named."""
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
LENGTHS = (1, 10, 30, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`people` are searched among, `clients` and `lessons` listed, `marks` counted, `pairs` are of sign-ins.

    `lengths` are those of the lists that are marked, `sizes` numbers of marks to grow to; `repeats` is how
    often the service is started.
    """

    parts: tuple[str, ...]
    kinds: tuple[str, ...]
    rounds: int
    seconds: float
    connections: int
    warm_up: float
    lengths: tuple[int, ...]
    sizes: tuple[int, ...]
    people: int
    clients: int
    lessons: int
    marks: int
    repeats: int
    pairs: int
    table: bool
    output: Path | None

    def say(self, text: str) -> None:
        """Progress, apart from the report."""
        print(text, file=sys.stderr, flush=True)


def chosen(arguments: list[str] | None = None) -> Options:
    parser = argparse.ArgumentParser("python -m benchmarks", description="Measure the service beside others.")
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="|".join((*PARTS, *BY_REQUEST)),
        help="what to measure (all but growth and roll_call)",
    )
    parser.add_argument("--rounds", type=int, help="rounds of labs, writers, sheets for each contender (7)")
    parser.add_argument("--seconds", type=float, help="length of a round (5)")
    parser.add_argument("--connections", type=int, default=16, help="requests at once (16)")
    parser.add_argument(
        "--lengths", type=int, nargs="+", choices=LENGTHS, default=LENGTHS, help="of lists of clients (all)"
    )
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, help="numbers of marks to grow to (10000 … 10000000)"
    )
    parser.add_argument("--only", choices=KINDS, help="one kind of database")
    parser.add_argument("--quick", action="store_true", help="short rounds and few of them")
    parser.add_argument(
        "--table",
        action="store_true",
        help="print what the service is held to beside what was measured, alone",
    )
    parser.add_argument("--output", type=Path, help="a file for the figures as JSON")
    given = parser.parse_args(arguments)
    if unknown := set(given.parts) - {*PARTS, *BY_REQUEST}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    quick = given.quick
    return Options(
        parts=tuple(part for part in (*PARTS, *BY_REQUEST) if part in (given.parts or PARTS)),
        kinds=(KINDS[given.only],) if given.only else tuple(KINDS.values()),
        rounds=given.rounds or (2 if quick else 7),
        seconds=given.seconds or (2 if quick else 5),
        connections=given.connections,
        warm_up=1 if quick else 3,
        lengths=tuple(given.lengths),
        sizes=tuple(given.sizes),
        people=20_000 if quick else 100_000,
        clients=20_000 if quick else 200_000,
        lessons=20_000 if quick else 200_000,
        marks=50_000 if quick else 1_000_000,
        repeats=3 if quick else 7,
        pairs=100 if quick else 300,
        table=given.table,
        output=given.output,
    )
