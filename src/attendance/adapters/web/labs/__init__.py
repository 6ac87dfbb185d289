"""Labs and their attendance by date, as pages."""
