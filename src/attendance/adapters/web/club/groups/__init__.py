"""Groups, who comes and teaches, when they meet, and each of their lessons."""
