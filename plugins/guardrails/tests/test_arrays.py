"""The recurrent network is converted from one hashed wheel, and nothing that a pickle names is run."""

import io
import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness_guardrails.training.arrays import PlainUnpickler, convert_wheel, round_vectors

from harness import HarnessError, UsageError


class Shell:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch ran",)


def test_another_wheel_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.whl").write_bytes(b"PK")

    with pytest.raises(UsageError, match="not e5af0f05.* of toxic-comment-classifier 0.3.0; download that one"):
        convert_wheel(tmp_path / "other.whl")


def test_a_wheel_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere.whl"):
        convert_wheel(tmp_path / "nowhere.whl")


def test_what_a_pickle_names_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(HarnessError, match="posix.system, which is not read"):
        PlainUnpickler(io.BytesIO(pickle.dumps(Shell()))).load()

    assert not (tmp_path / "ran").exists()


def test_containers_are_read_from_a_pickle() -> None:
    found = OrderedDict(word=1)

    assert found == PlainUnpickler(io.BytesIO(pickle.dumps(found))).load()


def test_vectors_keep_to_half_a_level_of_eight_bits() -> None:
    vectors = np.array([[0.5, -1.27, 0.011], [0, 0, 0]], dtype=np.float32)

    words, scale = round_vectors(vectors)

    assert np.abs(words * scale - vectors).max() <= scale.max() / 2
    assert [[50, -127, 1], [0, 0, 0]] == words.tolist()
