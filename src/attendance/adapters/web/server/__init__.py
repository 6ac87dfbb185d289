"""The mechanism of pages."""
