"""The host's own plugins, found by the same route as everybody's."""
