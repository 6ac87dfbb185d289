"""How the service is watched: its log, its metrics, whether it is ready, and what is wrong with it."""
