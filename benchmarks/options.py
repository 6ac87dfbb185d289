"""What can be chosen on the command line."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.places import KINDS

PARTS = ("labs", "writers", "sheet", "start", "search", "lists", "figures", "export", "wave", "timing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`people` are searched among, `clients` listed, `marks` counted, `pairs` are of sign-ins.

    `repeats` is how often the service is started.
    """

    parts: tuple[str, ...]
    kinds: tuple[str, ...]
    rounds: int
    seconds: float
    connections: int
    warm_up: float
    people: int
    clients: int
    marks: int
    repeats: int
    pairs: int
    output: Path | None

    def say(self, text: str) -> None:
        """Progress, apart from the report."""
        print(text, file=sys.stderr, flush=True)


def chosen(arguments: list[str] | None = None) -> Options:
    parser = argparse.ArgumentParser("python -m benchmarks", description="Measure the service beside others.")
    parser.add_argument("parts", nargs="*", metavar="|".join(PARTS), help="what to measure (all of it)")
    parser.add_argument("--rounds", type=int, help="rounds of labs, writers, sheets for each contender (7)")
    parser.add_argument("--seconds", type=float, help="length of a round (5)")
    parser.add_argument("--connections", type=int, default=16, help="requests at once (16)")
    parser.add_argument("--only", choices=KINDS, help="one kind of database")
    parser.add_argument("--quick", action="store_true", help="short rounds and few of them")
    parser.add_argument("--output", type=Path, help="a file for the figures as JSON")
    given = parser.parse_args(arguments)
    if unknown := set(given.parts) - {*PARTS}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    quick = given.quick
    return Options(
        parts=tuple(part for part in PARTS if not given.parts or part in given.parts),
        kinds=(KINDS[given.only],) if given.only else tuple(KINDS.values()),
        rounds=given.rounds or (2 if quick else 7),
        seconds=given.seconds or (2 if quick else 5),
        connections=given.connections,
        warm_up=1 if quick else 3,
        people=20_000 if quick else 100_000,
        clients=20_000 if quick else 200_000,
        marks=50_000 if quick else 1_000_000,
        repeats=3 if quick else 7,
        pairs=100 if quick else 300,
        output=given.output,
    )
