"""Figures and the log."""
