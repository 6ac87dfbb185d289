"""Pages of statistics and of what a club has to look after."""
