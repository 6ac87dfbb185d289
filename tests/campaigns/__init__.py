"""Campaigns: what is found out about the whole service by running it for long, or too hard."""
