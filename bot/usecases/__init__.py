"""What meshbot does, each thing a short list of calls."""
