"""Leaves these tests out where the control plane is not installed: it comes with the group `control`."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("harness_ci") and find_spec("dbos") else ["tests"]
