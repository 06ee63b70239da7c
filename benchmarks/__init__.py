"""What is measured, in one command: `make bench`, or `python -m benchmarks [NAME…] [--json]`.

Every rate stands beside a baseline that does the same work in the same run, in turns, so that a loaded
machine disturbs both alike; the ratio is what counts. Every measurement checks its results: a wrong result is
a failure, however fast it came.
"""
