"""What runs in the environment of an isolated plugin: of the standard library alone, as nothing else is there."""
