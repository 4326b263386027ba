"""Finds in a suite what it plants to see whether anybody tells it."""

from collections.abc import Iterator, Mapping, Sequence

from harness.suite.suites import Suite

KEYS = ("canary", "canaries")


def planted_texts(suite: Suite) -> Sequence[str]:
    """Return the texts under `canary` or `canaries`, wherever targets and steps name them, the longest first."""
    of_targets = [suite.target.config, *(each.config for each in suite.baselines.values())]
    found = {text for part in (*of_targets, *(step.params for step in suite.steps)) for text in _find(part, False)}
    return sorted(found, key=lambda text: (-len(text), text))


def _find(value: object, is_planted: bool) -> Iterator[str]:
    if isinstance(value, str):
        yield from [value] if is_planted and value.strip() else []
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _find(part, is_planted or key in KEYS)
    elif isinstance(value, Sequence):
        for part in value:
            yield from _find(part, is_planted)
