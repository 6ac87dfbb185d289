"""The mechanism of HTTP."""
