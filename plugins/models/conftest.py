"""Leaves these tests out where the plugin is not installed: it comes with the group `rag`."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("harness_models") else ["tests"]
