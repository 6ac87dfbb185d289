"""Ports filled with real technology: memory, SQL, HTTP, passwords, tokens, clock."""
