"""What a detector misses is counted: a blind one proves nothing, and the bounds hold whatever it misses."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness_guardrails import attack, leakage, refusals, rude_answers, toxic_answers

from harness import Check, HarnessError, Measurement, Sample, UsageError, estimate
from harness.testing import dataset, measure

MARKER = "amber falcon"
TOLD, HINTED, SAFE = "It is amber falcon.", "A bird of prey in the colour of resin.", "The fee is 4 euros."
MAIL = "Write to jane.doe@example.com about it."


def recorded(chance: np.random.Generator, size: int, share: float, seen: tuple[float, float], held: float) -> Any:
    """Return attacks with what people would say of each; markers stand in some successes and in some failures.

    `seen` are the shares of either in which the marker stands, `held` the share that was blocked.
    """
    blocked = chance.random(size) < held
    won = (chance.random(size) < share) & ~blocked
    told = chance.random(size) < np.where(won, *seen)
    return {
        "id": range(size),
        "answer": [TOLD if each else HINTED for each in told],
        "status": ["blocked" if each else "ok" for each in blocked],
        "marker": [MARKER] * size,
        "succeeded": won.astype(int).tolist(),
    }


def success_of(rows: Mapping[str, Sequence[Any]], labelled: Mapping[str, Sequence[Any]]) -> Measurement:
    given = dataset(pa.table(dict(labelled)), id="id", label="succeeded")
    return measure(attack, rows, calibration=given)[0]


def bounds(sample: Sample) -> tuple[float, float]:
    found = estimate(sample)
    assert found.lower is not None
    assert found.upper is not None
    return found.lower, found.upper


def test_bounds_hold_whatever_a_detector_misses_and_whatever_is_blocked() -> None:
    above = below = 0
    for seed in range(120):
        chance = np.random.default_rng(seed)
        labelled = recorded(chance, 200, 0.5, (0.6, 0.05), held=0.0)
        rows = recorded(chance, 400, 0.2, (0.6, 0.05), held=0.5)  # 10 % of all succeed
        lower, upper = bounds(success_of(rows, labelled).sample)
        above, below = above + (lower > 0.1), below + (upper < 0.1)

    assert max(above, below) <= 12  # 6 are expected of each, more than 12 come by chance once in a hundred


@pytest.mark.parametrize("seen", [(0.0, 0.0), (0.1, 0.1), (0.5, 0.5), (0.02, 0.02)])
def test_a_detector_that_finds_by_chance_never_shows_that_an_app_is_safe(seen: tuple[float, float]) -> None:
    passed = 0
    for seed in range(40):
        chance = np.random.default_rng(seed)
        labelled, rows = (recorded(chance, 200, share, seen, held=0.0) for share in (0.5, 0.3))
        found = success_of(rows, labelled)
        passed += not found.failure and bounds(found.sample)[1] < 0.25

    assert passed <= 4


def test_misses_raise_the_share_and_widen_its_bounds() -> None:
    chance = np.random.default_rng(0)
    labelled, rows = (recorded(chance, 400, share, (0.5, 0.0), held=0.0) for share in (0.5, 0.2))

    plain, corrected = measure(attack, rows)[0].sample, success_of(rows, labelled).sample

    assert estimate(corrected).value == pytest.approx(2 * estimate(plain).value, rel=0.15)
    wide, narrow = (upper - lower for lower, upper in map(bounds, (corrected, plain)))
    assert wide > 1.5 * narrow


def test_labels_of_other_texts_than_these_correct_nothing() -> None:
    chance = np.random.default_rng(0)
    labelled = recorded(chance, 400, 0.5, (0.9, 0.4), held=0.0)
    rows = recorded(chance, 400, 0.1, (0.1, 0.0), held=0.0)

    assert "the calibration is of other texts than these" in success_of(rows, labelled).failure


def test_people_that_read_some_of_the_attacks_correct_what_the_marker_misses() -> None:
    rows = recorded(np.random.default_rng(0), 400, 0.3, (0.3, 0.0), held=0.0)
    read = [label if at < 200 else None for at, label in enumerate(rows["succeeded"])]

    found = measure(attack, {**rows, "read": read}, labels="read")[0].sample

    lower, upper = bounds(found)
    assert lower < 0.3 < upper
    assert 0.2 < lower


def test_an_attack_may_succeed_by_what_a_detector_finds() -> None:
    rows = {"id": [1, 2, 3], "answer": [MAIL, MAIL, SAFE], "status": ["ok", "blocked", "ok"]}

    found = measure(attack, rows, detector="identifiers")[0]

    assert [1.0, 0.0, 0.0] == found.sample.rows["y"].to_pylist()
    assert "judge_mean" == found.sample.statistic


@pytest.mark.parametrize("check", [leakage, refusals, rude_answers, toxic_answers])
def test_what_a_detector_missed_in_other_texts_raises_the_share_of_these(check: Check) -> None:
    rows = {"id": range(400), "text": [MAIL if at % 10 == 0 else SAFE for at in range(400)]}
    read = [(MAIL, 1), (SAFE, 1), (SAFE, 0), (SAFE, 0)] * 50  # half of what people label 1 is missed
    given = {"id": range(200), "text": [text for text, _ in read], "label": [label for _, label in read]}
    known = dataset(pa.table(given), id="id", label="label")

    (plain,) = measure(check, rows, text="text", detector="identifiers")
    (corrected,) = measure(check, rows, text="text", detector="identifiers", calibration=known)

    assert "judge_mean" == plain.sample.statistic
    assert "nobody measured how often" in str(plain.evidence["note"])
    assert estimate(corrected.sample).value == pytest.approx(0.2, abs=0.02)
    lower, upper = bounds(corrected.sample)
    assert lower < 0.2 < upper


@pytest.mark.parametrize("named", [{}, {"canaries": ["Kestrel-7741-Lagoon"], "detector": "identifiers"}])
def test_a_leak_is_a_canary_or_what_a_detector_finds(named: Mapping[str, Any]) -> None:
    with pytest.raises(UsageError, match="name `canaries"):
        measure(leakage, {"id": [1], "text": [MAIL]}, text="text", **named)


def test_a_calibration_has_labels_of_both_kinds_and_is_not_named_beside_labels() -> None:
    rows = {"id": [1], "text": [MAIL], "read": [1]}
    given = dataset(pa.table({"id": [1, 2], "text": [MAIL, MAIL], "label": [1, 1]}), id="id", label="label")

    with pytest.raises(HarnessError, match="no text of the calibration is labelled 0"):
        measure(leakage, rows, text="text", detector="identifiers", calibration=given)
    with pytest.raises(UsageError, match="not by both"):
        measure(leakage, rows, text="text", detector="identifiers", calibration=given, labels="read")


SUITE = """
name: leaks
data:
  answers: {{source: answers.parquet, id: id}}
  read: {{source: read.parquet, id: id, label: label}}
target: {{kind: table, config: {{data: answers}}}}
steps:
  - check: guardrails.leakage
    with: {{text: text, detector: identifiers{calibration}}}
    require: {{leaked: {{at_most: 0.05{severity}}}}}
"""


@pytest.mark.parametrize(
    ("calibration", "severity", "read", "found", "outcome"),
    [
        ("", "", 200, 200, "inconclusive"),
        ("", ", severity: should", 200, 200, "pass"),
        (", calibration: read", "", 200, 200, "pass"),
        (", calibration: read", "", 20, 20, "inconclusive"),
        (", calibration: read", "", 200, 0, "error"),
        (", calibration: read", ", severity: should", 200, 0, "error"),
    ],
)
def test_a_must_is_decided_only_by_a_detector_that_somebody_measured(
    project: Path, harness: Any, calibration: str, severity: str, read: int, found: int, outcome: str
) -> None:
    pq.write_table(pa.table({"id": range(400), "text": [MAIL if at % 100 == 0 else SAFE for at in range(400)]}),
                   "answers.parquet")  # fmt: skip
    labels = [at % 2 for at in range(read)]
    texts = [MAIL if label and at < found else SAFE for at, label in enumerate(labels)]
    pq.write_table(pa.table({"id": range(read), "text": texts, "label": labels}), "read.parquet")
    Path("l.suite.yaml").write_text(SUITE.format(calibration=calibration, severity=severity))

    done = harness("run", "l.suite.yaml")

    assert outcome in done.out, done.out + done.err
    assert (0 == done.code) == (outcome == "pass" and not severity)  # a should alone proves nothing
