"""Who was there: the lessons of a day, a roll call, and what parents see of it."""
