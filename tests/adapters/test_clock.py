"""Zones are IANA's, the same on every machine."""

import pytest

from attendance.adapters.clock import IanaZones
from attendance.domain.errors import Invalid

ZONES = IanaZones("UTC")


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_a_zone_is_known_by_its_name(name: str) -> None:
    assert str(ZONES.named(name)) == name


@pytest.mark.parametrize(
    "name",
    ["", "localtime", "posixrules", "right/Europe/Berlin", "posix/UTC", "Factory", "europe/berlin", "../UTC"],
)
def test_what_only_this_machine_knows_is_no_zone(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        ZONES.named(name)
    assert [field_error.field for field_error in refused.value.field_errors] == ["timezone"]
