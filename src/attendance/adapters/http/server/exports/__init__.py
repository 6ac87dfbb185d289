"""Lists as tables for spreadsheets."""
