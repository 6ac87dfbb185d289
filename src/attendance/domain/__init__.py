"""The rules of attendance, pure: entities, values, refusals. Standard library only."""
