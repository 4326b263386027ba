"""Reads the phrasings and patterns of `rules.json`, which are data: a rule is changed without a change of code."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files


def read_rules(detector: str) -> Mapping[str, re.Pattern[str]]:
    """Return the patterns of a detector by their names."""
    rules = json.loads((files("harness_guardrails") / "rules.json").read_text("utf-8"))
    return {name: re.compile(pattern) for name, pattern in rules[detector].items()}
