"""The club: clients, contracts, prices, passes, locations, groups, lessons."""
