"""Finds answers that insult, blame, dismiss or press whoever asked, or are written as no letter would be."""

from harness_guardrails.phrasings import Phrasings
from harness_guardrails.rules import read_rules


def detector() -> Phrasings:
    """Return the detector of a rude tone."""
    return Phrasings(rules=read_rules("tone"))
