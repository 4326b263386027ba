"""Runs suites: opens what they name, has tasks performed, and assembles the record."""
