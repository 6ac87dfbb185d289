"""Today's lessons, and who came to each."""
