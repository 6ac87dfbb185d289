"""Accounts: sessions, registration, links, passwords, roles, limits, mail."""
