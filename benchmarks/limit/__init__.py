"""The least that does the same work: no framework, no layers, as few statements as the database allows."""
