"""Who sends a request, from where, and which version of a resource they have seen."""
