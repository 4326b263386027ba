"""One metric of one step has one name, wherever it is measured, judged, waived or shown."""

from dataclasses import replace

import pytest

from harness import samples
from harness.judging.judge import judge
from harness.values.keys import MetricKey, metric_key
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.verdicts import Verdict


def _measured(**labels: str) -> Measurement:
    sample = samples.proportion(k=90, n=100)
    return Measurement(metric="recall", step="quality", labels=labels, sample=sample)


def _verdict(**labels: str) -> Verdict:
    return judge(Requirement(metric="recall", at_least=0.8), _measured(**labels))


def test_a_verdict_has_the_key_of_what_was_measured() -> None:
    expected = metric_key("quality", "recall", {"channel": "web"})

    actual = (_measured(channel="web").key, _verdict(channel="web").key)

    assert (expected, expected) == actual


def test_baseline_and_candidate_share_a_key() -> None:
    measured = _measured()

    other = replace(measured, target="champion")

    assert measured.key == other.key


def test_labels_are_the_same_in_any_order() -> None:
    expected = metric_key("s", "recall", {"a": "1", "b": "2"})

    actual = metric_key("s", "recall", {"b": "2", "a": "1"})

    assert (expected, hash(expected)) == (actual, hash(actual))


@pytest.mark.parametrize(
    "other",
    [
        metric_key("t", "recall", {"a": "1"}),
        metric_key("s", "precision", {"a": "1"}),
        metric_key("s", "recall", {"a": "2"}),
        metric_key("s", "recall", {}),
    ],
)
def test_another_step_metric_or_label_is_another_key(other: MetricKey) -> None:
    key = metric_key("s", "recall", {"a": "1"})

    assert key != other


def test_labels_that_read_the_same_are_told_apart() -> None:
    one, two = metric_key("s", "m", {"a": "1,b=2"}), metric_key("s", "m", {"a": "1", "b": "2"})

    assert (str(one), one != two) == (str(two), True)


def test_a_key_reads_as_users_see_it() -> None:
    key = metric_key("quality", "recall", {"country": "de", "channel": "web"})

    actual = (str(key), key.where, str(key.overall), key.overall.where)

    assert ("recall[channel=web,country=de]", "channel: web, country: de", "recall", "overall") == actual


def test_keys_are_sorted_as_they_read() -> None:
    keys = [metric_key("b", "recall", {}), metric_key("a", "recall", {}), metric_key("z", "auc", {"x": "1"})]

    actual = [(str(key), key.step) for key in sorted(keys)]

    assert [("auc[x=1]", "z"), ("recall", "a"), ("recall", "b")] == actual


def test_a_key_that_was_asked_for_does_not_change_the_value() -> None:
    asked, fresh = _measured(channel="web"), _measured(channel="web")

    key = asked.key

    assert (asked, key) == (fresh, replace(asked).key)
