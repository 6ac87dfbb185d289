"""A club that was never there, for trying out and for measuring."""
