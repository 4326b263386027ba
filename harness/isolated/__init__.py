"""Plugins with an environment of their own: the host imports nothing of them, a worker measures."""
