"""Offers the fraud service as a target: started on loopback and stopped again, or found at a URL."""
