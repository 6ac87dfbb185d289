"""What every store must do with clients, contracts, prices and locations."""

from attendance.testing.contract.club_records import finding, keeping, names, things

PARTS = (things, keeping, finding, names)
