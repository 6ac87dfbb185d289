"""Tasks apart from the answer: refused where too many wait, and done before the end."""

from threading import Event

from attendance.adapters.processes.background import RunInBackground


def test_what_waits_is_run_before_the_end_and_what_is_too_much_is_refused() -> None:
    run_in_background, may_go_on, done = RunInBackground(longest_queue=2), Event(), list[str]()

    def first() -> None:
        may_go_on.wait(30)
        done.append("first")

    assert run_in_background(first)
    assert run_in_background(lambda: done.append("second"))
    assert not run_in_background(lambda: done.append("third"))
    may_go_on.set()
    run_in_background.close()
    assert done == ["first", "second"]


def test_a_task_that_fails_keeps_no_other_from_running() -> None:
    run_in_background, done = RunInBackground(), list[str]()
    assert run_in_background(lambda: done.remove("nothing"))
    assert run_in_background(lambda: done.append("next"))
    run_in_background.close()
    assert done == ["next"]
