"""Who comes to lessons: parents and their children."""
