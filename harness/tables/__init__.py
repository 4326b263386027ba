"""Scans of tables where they lie; everything is read through here, in batches."""
