"""Coming in, confirming, passwords, one's own account."""
