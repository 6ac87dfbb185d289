"""The forms that use cases share: editing, listing, read models, retrying."""
