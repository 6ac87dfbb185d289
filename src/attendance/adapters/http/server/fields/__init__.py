"""Kinds of fields: how they are described, checked and shown."""
