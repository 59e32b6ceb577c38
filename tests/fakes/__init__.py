"""In-memory stand-ins for the outside, written from AWS's documentation, not from meshbot."""
