"""What every store must do with passes and marks: what is counted, listed and told of them."""

from attendance.testing.contract.attendance import marks, passes, scene, sheets, visits

PARTS = (scene, passes, marks, sheets, visits)
