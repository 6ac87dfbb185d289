"""Freezes as pages show them: when a pass runs again, where it is seen, which later passes then overlap."""

import re

import pytest

from tests.web.club.test_passes import TODAY, Office, office as office
from tests.web.visitors import leads_to, shown, with_session


@pytest.mark.parametrize("day", ["2026-03-09", "2026-03-20", "2027-05-01"])
def test_a_pass_runs_again_on_no_day_that_is_outside_of_its_freeze(office: Office, day: str) -> None:
    path = f"/app/passes/{office.sells()}"
    freezes = [("2026-03-02", "2026-03-03"), ("2026-03-10", "2026-03-19")]
    for version, (since, until) in enumerate(freezes, start=1):
        leads_to(office.clerk.sends(f"{path}/freeze", version=str(version), since=since, until=until))
    before = office.passes()
    typed = {"version": "3", "frozen_since": "2026-03-10", "runs_again_on": day}
    refused = office.clerk.sends(f"{path}/unfreeze", **typed)
    assert refused.status_code == 409
    assert "Runs again on: must be a day of the freeze" in shown(refused).texts
    assert "#runs_again_on" in shown(refused).links
    # at the field of that freeze, which keeps what was typed
    [field] = re.findall("<input [^>]*aria-invalid[^>]*>", refused.text)
    assert {'id="runs_again_on"', f'value="{day}"', 'min="2026-03-10"', 'max="2026-03-19"'} <= {
        *field.split()
    }
    assert office.passes() == before


def test_a_pass_does_not_run_again_so_early_that_it_would_end_before_a_later_freeze(office: Office) -> None:
    path = f"/app/passes/{office.sells()}"
    freezes = [("2026-03-10", "2026-03-19"), ("2026-04-05", "2026-04-06")]
    for version, (since, until) in enumerate(freezes, start=1):
        leads_to(office.clerk.sends(f"{path}/freeze", version=str(version), since=since, until=until))
    before = office.passes()
    typed = {"version": "3", "frozen_since": "2026-03-10", "runs_again_on": "2026-03-10"}
    refused = office.clerk.sends(f"{path}/unfreeze", **typed)
    assert refused.status_code == 409
    assert "Runs again on: freeze starts after the pass ends" in shown(refused).texts
    [field] = re.findall("<input [^>]*aria-invalid[^>]*>", refused.text)
    assert {'id="runs_again_on"', 'min="2026-03-10"'} <= {*field.split()}
    assert office.passes() == before


def test_a_freeze_that_is_cut_short_from_a_later_day_on_is_no_pass_that_runs_again(office: Office) -> None:
    path = f"/app/passes/{office.sells()}"
    leads_to(office.clerk.sends(f"{path}/freeze", version="1", since=TODAY, until="2026-03-19"))
    typed = {"frozen_since": TODAY}
    later = office.clerk.sends(f"{path}/unfreeze", **typed, version="2", runs_again_on="2026-03-15")
    assert "The freeze is changed." in shown(office.clerk.opens(leads_to(later))).texts
    assert "Frozen until 14 Mar 2026" in shown(office.clerk.opens(office.card)).texts
    now = office.clerk.sends(f"{path}/unfreeze", **typed, version="3", runs_again_on=TODAY)
    assert "The pass runs again." in shown(office.clerk.opens(leads_to(now))).texts


def test_a_freeze_that_is_running_or_to_come_is_on_the_card_and_on_the_page_of_the_parent(
    office: Office,
) -> None:
    path = f"/app/passes/{office.sells()}"
    days = [(TODAY, "2026-03-03"), ("2026-03-10", "2026-03-19"), ("2026-03-25", "2026-03-25")]
    for version, (since, until) in enumerate(days, start=1):
        leads_to(office.clerk.sends(f"{path}/freeze", version=str(version), since=since, until=until))
    said = {
        "Frozen until 3 Mar 2026",
        "Will be frozen from 10 Mar 2026 until 19 Mar 2026",
        "Will be frozen on 25 Mar 2026",
    }
    assert said <= {*shown(office.clerk.opens(office.card)).texts}
    mother = with_session(office.api, office.mother)
    assert said <= {*shown(mother.opens(f"/app/children/{office.child}")).texts}


# Passes that begin after others


def test_a_freeze_says_before_and_after_which_later_pass_overlaps_and_moves_none(office: Office) -> None:
    current, later = office.sells(), office.sells(starts_on="2026-04-02")
    path = f"/app/passes/{current}"
    before = (
        "“8 visits” begins on 2 Apr 2026 and does not move: where this pass is valid longer than that, "
        "both run at once, and days that were paid for are lost."
    )
    after = "“8 visits” begins on 2 Apr 2026 and does not move: until 11 Apr 2026 both run."
    page = shown(office.clerk.opens(path))
    assert before in page.texts
    assert after not in page.texts
    assert before not in shown(office.clerk.opens(f"/app/passes/{later}")).texts
    frozen = office.clerk.sends(f"{path}/freeze", version="1", since="2026-03-10", until="2026-03-19")
    assert {"The pass is frozen.", after} <= {*shown(office.clerk.opens(leads_to(frozen))).texts}
    assert after in shown(office.clerk.opens(path)).texts
    assert {each["id"]: each["starts_on"] for each in office.passes()}[later] == "2026-04-02"


def test_freezing_all_counts_the_passes_that_then_overlap(office: Office) -> None:
    office.sells()
    later = office.sells(starts_on="2026-04-02")
    head, days = with_session(office.api, office.head), "since=2026-03-10&until=2026-03-19"
    said = "1 of them would then not be over when the next pass begins."
    page = shown(head.opens(f"/app/passes/freeze-all?{days}"))
    assert {"1 pass would be frozen.", said, "2 Apr 2026", "11 Apr 2026"} <= {*page.texts}
    assert f"/app/passes/{later}" in page.links
    done = head.sends("/app/passes/freeze-all", since="2026-03-10", until="2026-03-19")
    page = shown(head.opens(leads_to(done)))
    assert {"1 pass is frozen: 10 Mar 2026 – 19 Mar 2026", "11 Apr 2026"} <= {*page.texts}
    # where the next one begins late enough nothing is said
    assert said not in shown(head.opens("/app/passes/freeze-all?since=2026-05-10&until=2026-05-11")).texts
