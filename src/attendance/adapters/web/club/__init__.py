"""Clients, what they buy, where and when they come."""
