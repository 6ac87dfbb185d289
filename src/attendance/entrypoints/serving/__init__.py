"""The processes that serve: their log, their signals, and who starts them anew."""
