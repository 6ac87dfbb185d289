"""Attendance of lessons: marks, charging, sheets, visits."""
