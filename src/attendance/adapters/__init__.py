"""Ports filled with real technology: memory, SQL, HTTP, mail, passwords, tokens, clock."""
