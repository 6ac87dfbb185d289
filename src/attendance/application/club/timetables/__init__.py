"""Lessons and groups with the names of people and places around them."""
