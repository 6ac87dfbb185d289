"""The use cases as pages, rendered here: decode, call, render."""

from attendance.adapters.web.app import pages

__all__ = ["pages"]
