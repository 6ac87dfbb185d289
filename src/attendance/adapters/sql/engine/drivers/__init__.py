"""What each of the two databases does in its own way."""
