"""A whole database at a time: copied into a file, brought back from one, looked through for faults."""
