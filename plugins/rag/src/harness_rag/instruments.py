"""Judges by name, of both kinds: functions of ours, and a language model at a URL."""

from pathlib import Path

from harness import UsageError
from harness_rag.judges import Instrument, find_judge
from harness_rag.llm import ModelJudge, read_settings


def open_instrument(name: str, url: str | None, settings: Path | None) -> Instrument:
    """Return the judge of a name; a language model needs a base URL, and a file that says how it is asked."""
    if name != ModelJudge.name:
        if url or settings:
            raise UsageError(f"judge {name!r} asks no model; leave out where it is and how it is asked, or use `llm`")
        return find_judge(name)
    if not url or not settings:
        raise UsageError(
            "judge 'llm' needs a place, `endpoint:` (one of the suite's `endpoints`) or --url, and `llm:`, a YAML file"
        )
    return ModelJudge(url, read_settings(settings))
