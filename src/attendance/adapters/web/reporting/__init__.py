"""Pages of figures, of what a club has to look after, and the log."""
