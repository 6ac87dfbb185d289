"""The service over a primary and its replica, of which nothing is replayed any more."""

import pytest

from tests.http.api import Lasting
from tests.http.conftest import application
from tests.stores.replicas.conftest import Given

__all__ = ["application"]


def the_next_request_sees_what_this_one_wrote(application: Lasting, given: Given) -> None:
    with application.over(given.store) as api:
        ada = api.someone("ada")
        given.streaming.pause()
        lab = ada.opens_lab("Biology")
        assert ada.searches_labs().json()["labs"] == [lab.shown()]


def test_the_next_request_sees_what_this_one_wrote(application: Lasting, given: Given) -> None:
    the_next_request_sees_what_this_one_wrote(application, given)


@pytest.mark.plants
def test_without_the_look_at_what_is_replayed_it_does_not(application: Lasting, ungated: Given) -> None:
    with pytest.raises(AssertionError):
        the_next_request_sees_what_this_one_wrote(application, ungated)
