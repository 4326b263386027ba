"""What `harness new` writes: templates, filled with what a table or a name tells."""
