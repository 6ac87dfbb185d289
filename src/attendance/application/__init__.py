"""Use cases, and the ports they need filled. Standard library and the domain only."""
