"""The clients: a list, a card of each, forms, and what happened."""
