"""Asks the real gate about one unchanged candidate, again and again."""
