"""Statistics, clients at risk, exports, calendars."""
