"""What a process that serves does to itself."""

import gc

import pytest

from attendance.entrypoints.serving.process import loading


def test_garbage_is_looked_for_again_once_everything_is_loaded() -> None:
    assert gc.isenabled()
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), loading():
        1 / 0  # noqa: B018
    assert gc.isenabled()


def test_whoever_looks_for_none_is_left_to_it() -> None:
    gc.disable()
    try:
        with loading():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
