"""Stand-ins for AWS and GitHub, as server processes: for the tests, the demo and benchmarks."""
