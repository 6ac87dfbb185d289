"""What campaigns judge by, and that a soak finds a leak that is planted."""

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.campaigns.clubs import Club, Day, day_of, serving
from tests.campaigns.load import Answered, Asked, Outcome, ask_on
from tests.campaigns.overload import Marks, Stress
from tests.campaigns.samples import POOLED, Samples, Series, growing, verdicts

ROUNDS, REQUESTS = 15, 60


def series(values: list[float], unit: str = "") -> Series:
    return Series("it", unit, [10.0 * n for n in range(len(values))], values)


def test_what_goes_up_and_down_does_not_grow() -> None:
    rng = random.Random(1)
    assert not growing(verdicts([series([200 + rng.uniform(-20, 20) for _ in range(180)], "MiB")]))
    # a third of the samples is the warm-up, in which it may
    assert not growing(verdicts([series([min(float(n), 60.0) for n in range(180)])]))


def test_a_quarter_of_the_samples_may_be_anything() -> None:
    values = [40.0 if n % 5 else 400.0 for n in range(180)]
    assert not growing(verdicts([series(values)]))


@pytest.mark.plants
def test_what_grows_below_its_noise_is_found() -> None:
    rng = random.Random(1)
    leaking = [200 + n / 8 + rng.uniform(-10, 10) for n in range(180)]
    assert growing(verdicts([series(leaking, "MiB")]))
    assert growing(verdicts([series([30.0 + n // 20 for n in range(180)])]))


def test_too_few_samples_are_no_verdict() -> None:
    with pytest.raises(ValueError, match="too few"):
        verdicts([series([1.0] * 8)])


KEY = ("lesson", "client")
MARK = Asked("PUT", "/", kind="mark", about=(*KEY, "said 1"))


def told(*answers: Answered | None) -> Marks:
    marks = Marks()
    for answer in answers:
        marks.told(MARK, answer)
    return marks


def test_each_acknowledged_mark_has_left_an_event_and_no_refused_one_has() -> None:
    done, refused = Answered(200, {}, b""), Answered(503, {}, b"")
    marks, before = told(done, done, refused, None), Counter({KEY: 5})
    assert marks.wrong(before, Counter({KEY: 7})) == []
    assert marks.wrong(before, Counter({KEY: 8})) == []
    assert marks.wrong(before, Counter({KEY: 6})), "one that was acknowledged is gone"
    assert marks.wrong(before, Counter({KEY: 9})), "one that was refused is there"


def test_a_refusal_must_say_when_to_come_again_and_a_failure_must_not_be() -> None:
    outcome = Outcome(seconds=1)
    outcome.note(MARK, Answered(503, {"retry-after": "1"}, b""), 0.1)
    outcome.note(MARK, Answered(200, {}, b""), 0.1)
    assert Stress("it", outcome, 1, 0).faults == []
    outcome.note(MARK, Answered(503, {}, b""), 0.1)
    outcome.note(MARK, Answered(500, {}, b""), 0.1)
    outcome.note(MARK, None, 0.1)
    assert len(Stress("it", outcome, 1, None).faults) == 4


async def soaked(club: Club, day: Day) -> Samples:
    """Samples by the number of requests, not by the time that they take."""
    samples = Samples(club.pid, club.database_url)
    samples.rest()
    for number in range(ROUNDS):
        await ask_on(club.service.port, day.draw, clients=4, seconds=600, requests=REQUESTS)
        samples.take(float(number))
    return samples


def short(home: Path, leak: str = "") -> Samples:
    async def asked(club: Club) -> Samples:
        return await soaked(club, await day_of(club, lessons=5))

    home.chmod(0o755)
    with serving("sqlite", home, workers=1, leak=leak) as club:
        return asyncio.run(asked(club))


@pytest.mark.long
@pytest.mark.processes
def test_a_service_that_keeps_nothing_grows_in_nothing_that_is_counted(tmp_path: Path) -> None:
    """Its memory is judged over a longer time: in so short a one it is still getting warm."""
    samples = short(tmp_path)
    found = growing(verdicts(samples.series.values()))
    assert {name for name in found if not name.endswith("memory")} == set()
    assert samples.beyond_pools() == []
    assert samples.restarted == []


@pytest.mark.long
@pytest.mark.plants
@pytest.mark.processes
@pytest.mark.parametrize("leak", ["memory", "descriptors", "threads", "connections"])
def test_a_planted_leak_is_found(leak: str, tmp_path: Path) -> None:
    samples = short(tmp_path, f"keeps_{leak}")
    found = growing(verdicts(samples.series.values()))
    assert any(name.endswith(leak) for name in found), found
    if leak == "connections":
        assert samples.series["connections"].values[-1] > POOLED
        assert samples.beyond_pools()
