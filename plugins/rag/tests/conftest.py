"""Answers of an app and the labels of people, made so that the truth is known."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

WORDS = [f"{start}{end}" for start in ("bar", "cor", "dil", "fen", "gam") for end in ("ola", "ent", "ing", "est", "um")]
Labels = Callable[..., Path]


def answer(chance: np.random.Generator, *, good: bool, noise: float) -> tuple[str, str]:
    """Return an answer and its context: a good one copies most of its words, a bad one few."""
    context = [str(word) for word in chance.choice(WORDS, 12)]
    copied = chance.random(12) < (1 - noise if good else noise)
    return " ".join(word if keep else "zzz" for word, keep in zip(context, copied, strict=True)), " ".join(context)


@pytest.fixture
def labels(tmp_path: Path) -> Labels:
    """Write labels: `n` answers, half of them good; with noise 0.5 no judge can tell them apart."""

    def write(n: int = 120, *, noise: float = 0.2, share: float = 0.5, seed: int = 1, name: str = "labels") -> Path:
        chance, path = np.random.default_rng(seed), tmp_path / f"{name}.jsonl"
        lines = []
        for _ in range(n):
            good = bool(chance.random() < share)
            said, context = answer(chance, good=good, noise=noise)
            lines.append(json.dumps({"answer": said, "contexts": [context], "label": int(good)}))
        path.write_text("\n".join(lines))
        return path

    return write
