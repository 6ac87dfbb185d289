"""The commands of `attendance`, by what they are about."""
