"""Leaves these tests out where the group `deploy` is not installed; other tools come by `ci/deploy/tools`."""

from importlib.util import find_spec

NEEDED = ("fraud_target", "rag_target", "kubernetes_validate", "dbos")
collect_ignore = [] if all(map(find_spec, NEEDED)) else ["tests"]
