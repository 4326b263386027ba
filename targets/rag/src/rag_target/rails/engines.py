"""Who runs the rails, by name."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Literal

from rag_target.rails.plain import Plain
from rag_target.rails.stages import Engine, Rail


def open_engine(name: Literal["plain", "nemo"], rails: Sequence[Rail]) -> Engine:
    """Return an engine for some rails; ValueError if its package is missing."""
    if name == "plain":
        return Plain(rails=rails)
    if find_spec("nemoguardrails") is None:
        raise ValueError("engine nemo needs its package: pip install 'promotion-harness-handbook[nemo]', or ask plain")
    from rag_target.rails.nemo import Nemo  # noqa: PLC0415  its import takes two seconds

    return Nemo(rails)
