"""Trains the small models again, from rows that are named with their licence and digest."""
