"""Hours of use in minutes: what a suite that is run all day has no time for. Each has a target of its own."""
