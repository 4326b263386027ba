from dataclasses import astuple, replace

import pytest

from harness import samples
from harness.judging.judge import judge
from harness.judging.phrases import value_text
from harness.judging.wording import describe, explain
from harness.values.measurements import Measurement
from harness.values.requirements import Better, Requirement
from harness.values.verdicts import Look, Verdict
from tests.support.decisions import run


def verdict(k: int, n: int, **asked: object) -> Verdict:
    sample = samples.proportion(k=k, n=n)
    measurement = Measurement(metric="recall", sample=sample, unit="frauds", event="caught")
    return judge(Requirement(metric="recall", **asked), measurement)  # type: ignore[arg-type]


def test_an_inconclusive_verdict_reads_as_a_person_would_say_it() -> None:
    text = explain(verdict(171, 214, at_least=0.75, plan_for=0.80))

    assert (
        "INCONCLUSIVE  recall\n"
        "  saw        171 of 214 frauds caught (79.9 %)\n"
        "  can say    at least 73.9 %; at least 75 % was asked\n"
        "  so         it may be good enough; this is not a failure\n"
        "  to decide  about 720 more frauds, if it is really 80 %\n"
        "  do not     re-run: the same data give the same answer, and tries on new data are counted"
    ) == text


def test_a_failure_says_how_good_it_can_be_at_most() -> None:
    text = explain(verdict(120, 214, at_least=0.75))

    assert "can say    at most 62.8 %; at least 75 % was asked" in text
    assert "so         it is not good enough" in text


def test_enough_rows_and_still_inconclusive_calls_for_a_person() -> None:
    text = explain(verdict(7520, 10_000, at_least=0.75, plan_for=0.80))

    assert "no more frauds: the truth is probably close to what was asked, so a person decides" in text


def test_words_for_people_hold_no_statistics() -> None:
    text = explain(verdict(171, 214, at_least=0.75, plan_for=0.80)).lower()

    for word in ("alpha", "n_eff", "holm", "confidence", "interval", "p-value", "korn", "clopper"):
        assert word not in text


def test_a_later_look_says_which_it_is_and_what_it_was_joined_with() -> None:
    sample = samples.proportion(k=171, n=214)
    measurement = Measurement(metric="recall", sample=sample, unit="frauds", event="caught")
    asked = Requirement(metric="recall", at_least=0.75, plan_for=0.80, looks=2)

    text = explain(judge(asked, measurement, look=Look(number=2, planned=2, joined=100)))

    assert "  look       2 of 2, together with 100 frauds judged before\n" in text
    assert "about 720 more frauds, if it is really 80 %; but no look is left, so a person decides" in text


def test_spent_looks_are_told_in_words() -> None:
    sample = samples.proportion(k=171, n=214)
    spent = Look(number=2, planned=1, spent=True)
    asked = Requirement(metric="recall", at_least=0.75, looks=1)

    text = explain(judge(asked, Measurement(metric="recall", sample=sample), look=spent))

    assert "why        looks spent: this candidate was already judged the one time that was planned" in text
    assert "  note       seen and not judged: 171 of 214 rows (79.9 %)" in text
    assert "  so         nothing new is decided; this is not a failure" in text


def test_what_was_seen_in_a_part_is_never_called_exact() -> None:
    sample = samples.psi(reference=[1000] * 10, current=[1000] * 10)
    measurement = Measurement(metric="psi", sample=sample, better="lower")

    text = explain(judge(Requirement(metric="psi", at_most=0.1), measurement))

    assert "can say    at most 0; at most 0.1 was asked" in text


def test_what_was_asked_and_found_comes_in_parts() -> None:
    words = describe(verdict(171, 214, at_least=0.75))

    assert ("at least", "75 %", "was asked", "") == astuple(words.asked)
    assert ("79.9 %", "73.9 %", "85.1 %") == astuple(words.found)
    assert "79.9 % (73.9 % to 85.1 %)" == str(words.found)


def test_a_comparison_names_its_baseline_below_a_heading() -> None:
    compared = replace(
        verdict(171, 214, at_least=0.75),
        requirement=Requirement(metric="recall", versus="champion", lose_at_most=0.01),
    )

    asked = describe(compared).asked

    assert "a loss of at most 1 point against champion" == asked.brief
    assert "a loss of at most 1 point was allowed" == str(asked)


def test_nothing_found_has_no_parts() -> None:
    found = describe(replace(verdict(171, 214, at_least=0.75), estimate=None)).found

    assert ("", "", "") == astuple(found)
    assert "-" == str(found)


def test_a_run_is_explained_verdict_by_verdict() -> None:
    verdicts = verdict(190, 214, at_least=0.75), verdict(120, 214, at_least=0.75)

    text = explain(run(*verdicts))

    assert "\n\n".join(map(explain, verdicts)) == text


@pytest.mark.parametrize(
    ("k", "n", "better", "asked", "words"),
    [
        (5, 29_900, "lower", {"at_most": 0.0004}, "at most 0.039 %; at most 0.04 % was asked"),
        (59_996, 60_000, "higher", {"at_least": 0.9998}, "at least 99.983 %; at least 99.98 % was asked"),
        (14_870, 20_000, "higher", {"at_least": 0.7502}, "at most 74.95 %; at least 75.02 % was asked"),
        (90, 100, "higher", {"at_least": 0.8}, "at least 82.4 %; at least 80 % was asked"),
    ],
)
def test_shares_have_decimals_enough_to_tell_what_was_asked_from_what_was_found(
    k: int, n: int, better: Better, asked: dict[str, float], words: str
) -> None:
    measured = Measurement(metric="m", sample=samples.proportion(k=k, n=n), better=better)

    found = judge(Requirement(metric="m", **asked), measured)  # type: ignore[arg-type]

    assert found.reason == words


def test_what_is_neither_nothing_nor_all_is_not_said_to_be() -> None:
    found = verdict(90, 100, at_least=0.8)

    assert ("0 %", "0.004 %", "99.997 %", "100 %") == tuple(
        value_text(found, value) for value in (0.0, 0.00004, 0.99997, 1.0)
    )


@pytest.mark.parametrize(
    ("now", "saw"), [(8, "-0.001"), (12, "+0.001"), (10, "0"), (1000, "+0.495")], ids=["less", "more", "same", "most"]
)
def test_a_difference_has_its_sign_and_says_from_what(now: int, saw: str) -> None:
    sample = samples.gap(k=now, n=2000, k_ref=10, n_ref=2000)
    found = judge(Requirement(metric="missing", at_most=0.01), Measurement(metric="missing", sample=sample))

    assert f"saw        {saw} against the reference on" in explain(found)
    assert "at most +0.01 was asked" in explain(found)
