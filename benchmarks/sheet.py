"""Marking whole lists of clients in lessons of 150 (W4): contenders in turn, round after round."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.client import request
from benchmarks.club import MEMBERS, Club, club, fill
from benchmarks.contenders import FASTIFY_ONE, ON, OURS, all_serving
from benchmarks.load import STATUSES, Plan
from benchmarks.options import LENGTHS, Options
from benchmarks.places import place
from benchmarks.rounds import Rounds, alternating, summary
from benchmarks.sheet_check import faults, overcharged, statements

SCRIPT = Path(__file__).with_name("sheet.lua")


@dataclass(frozen=True, slots=True)
class SheetPlan(Plan):
    """Lists of one length, each place of each lesson in turn, so that every mark is another than before."""

    length: int
    club: Club
    file: Path

    def __post_init__(self) -> None:
        numbers = {group.id: number for number, group in enumerate(self.club.groups, 1)}
        self.file.write_text(
            "".join(
                [
                    *(f"token {token}\n" for token in self.club.tokens),
                    *(f"lesson {it.id} {numbers[it.group_id]}\n" for it in self._lessons()),
                    *(
                        f"client {client.id} {1 + number // MEMBERS}\n"
                        for number, client in enumerate(self.club.clients)
                    ),
                ]
            )
        )

    def _lessons(self) -> list[Any]:
        return self.club.lessons_for(LENGTHS.index(self.length), len(LENGTHS))

    @property
    def marks(self) -> int:
        return self.length

    def script(self, sent: int) -> list[str]:
        return [str(SCRIPT), "--", str(self.file), str(self.length), str(sent)]

    def requests(self, sent: int = 0) -> Iterator[bytes]:
        lessons, tokens = self._lessons(), self.club.tokens
        members = {
            group.id: self.club.clients[number * MEMBERS :][:MEMBERS]
            for number, group in enumerate(self.club.groups)
        }
        lists = MEMBERS // self.length
        for n in itertools.count(sent):
            walk, lesson = n // len(lessons), lessons[n % len(lessons)]
            shift, first = walk // lists, walk % lists * self.length
            entries = [
                {"client_id": str(client.id), "status": STATUSES[(place + shift) % 4]}
                for place, client in enumerate(members[lesson.group_id][first:][: self.length], first + 1)
            ]
            path = f"/api/v1/lessons/{lesson.id}/attendance"
            yield request("PUT", path, tokens[n % len(tokens)], {"attendances": entries})


def measure(options: Options, home: Path) -> dict[str, Any]:
    return {kind: _on(kind, options, home) for kind in options.kinds}


def _on(kind: str, options: Options, home: Path) -> dict[str, Any]:
    seeded = club()
    names = [name for name in ON[kind] if name != FASTIFY_ONE]
    plans = {
        f"{length}": SheetPlan(length, seeded, home / f"{kind}-{length}.plan")
        for length in LENGTHS
        if length in options.lengths
    }
    with (
        place(kind, home) as where,
        all_serving(names, where, lambda url: fill(url, seeded), home) as contenders,
    ):
        options.say(f"{kind}: comparing what they answer and store")
        wrong = faults(contenders, seeded)
        fit = [each for each in contenders if each.name not in wrong]
        rounds = alternating(fit, plans, where, options)
        counted = {each.name: statements(each, seeded, options.lengths) for each in fit if each.name == OURS}
        wrong |= {each.name: found for each in fit if (found := overcharged(each))}
    absent = {name: ["does not start"] for name in {*names} - {each.name for each in contenders}}
    return {
        "unfit": wrong | absent,
        "statements": counted,
        "lists": {name: summary(of) for name, of in rounds.items()},
        "cost_per_client": _costs(rounds),
    }


def _costs(rounds: Rounds) -> dict[str, dict[str, float]]:
    """CPU for each client that is marked, the database's included, in ms: by contender and length."""
    of = {name: summary(by_contender)["median"] for name, by_contender in rounds.items()}
    return {
        contender: {
            name: (medians[contender]["cpu_ms"] + medians[contender]["database_cpu_ms"]) / int(name)
            for name, medians in of.items()
            if contender in medians
        }
        for contender in {name: None for of_length in of.values() for name in of_length}
    }
