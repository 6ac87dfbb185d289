"""What a database has: the migrations it has been through, their version, the keys kept of texts."""
