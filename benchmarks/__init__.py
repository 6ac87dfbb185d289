"""How fast and how frugal the service is, beside a bare driver and beside what would be picked instead.

Run by hand, on an idle machine: `python -m benchmarks --help`.
"""
