"""Labs and their attendance by date."""
