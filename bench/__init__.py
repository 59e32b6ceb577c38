"""Benchmarks, one command each. ``bench/README.md`` says what they show and how to run them."""
