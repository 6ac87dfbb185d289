"""When a worker that died is started again."""

from attendance.entrypoints.serving.supervising import Deaths


def pauses(*died_at: float) -> list[float]:
    """How long it is waited after each death, where it is started again as soon as it is due."""
    deaths, found = Deaths(), []
    deaths.started(0)
    for at in died_at:
        deaths.died(at)
        assert deaths.due_at is not None
        found.append(deaths.due_at - at)
        deaths.started(deaths.due_at)
        assert deaths.due_at is None
    return found


def test_the_first_death_costs_no_time_and_each_further_one_more() -> None:
    assert pauses(*range(0, 1000, 40)[:1], 1, 3, 6, 11) == [0, 1, 2, 4, 8]


def test_no_pause_is_longer_than_half_a_minute() -> None:
    assert pauses(*(40 * number for number in range(12)))[-3:] == [30, 30, 30]


def test_one_that_lived_long_is_started_at_once() -> None:
    assert pauses(1, 2, 500) == [0, 1, 0]
