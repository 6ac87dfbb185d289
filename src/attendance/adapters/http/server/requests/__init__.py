"""What is done with every request, whatever answers it."""
