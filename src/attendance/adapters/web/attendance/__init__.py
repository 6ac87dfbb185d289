"""Who was there: the lessons of a day."""
