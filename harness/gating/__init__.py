"""Decides whether a candidate may pass a stage, from recorded runs alone."""
