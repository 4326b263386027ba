"""Holds requirements to measurements: pure, no clock, no files, no plugins."""
