"""What adapters have to know of threads and forks of the process they are in."""
