"""What plugins offer, and how the host finds it."""
