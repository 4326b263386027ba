"""Moves what is promoted, and back: only what was signed, under a lock, and recorded on both sides of the move."""
