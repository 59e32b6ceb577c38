"""Everything that touches the outside: AWS, GitHub, files, threads, the runner."""
