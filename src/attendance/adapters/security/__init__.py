"""Passwords, tokens, usernames."""
