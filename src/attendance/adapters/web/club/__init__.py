"""Clients, what they buy, and where they come."""
