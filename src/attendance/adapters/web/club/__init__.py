"""Clients, groups, lessons and what is bought."""
