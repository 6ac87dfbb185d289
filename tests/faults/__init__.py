"""What happens when many come at once, and when something is killed, held or away."""
