"""Bodies of requests: read to the letter, and what their fields mean."""
