"""On public labelled text that no model was trained on, each detector finds what docs/guardrails.md says."""

from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest
from harness_guardrails.detectors import open_detector
from harness_guardrails.measuring import measure_scores
from harness_guardrails.pii import PersonalData
from harness_guardrails.tokens import tokens, within
from harness_guardrails.training import personal, recipes
from harness_guardrails.training.fitting import Example

from harness.stats import infer

pytestmark = pytest.mark.shared


@cache
def train(name: str, shared: Path) -> recipes.Trained:
    trained: recipes.Trained = getattr(recipes, f"train_{name}")(shared)
    return trained


def value_of(metric: str, name: str, examples: list[Example]) -> float:
    detector = open_detector(name)
    keys, labels = pa.table({"id": list(range(len(examples)))}), [float(each.label) for each in examples]
    scores = detector.scores([each.text for each in examples])
    found = {each.metric: each for each in measure_scores(keys, labels, scores, detector.threshold)}
    return infer(found[metric].sample).value


def test_refusals_of_other_models_are_told_and_counted_as_people_do(shared: Path) -> None:
    for examples in train("refusal", shared).unseen.values():
        detector = open_detector("refusal")
        refused = sum(score >= detector.threshold for score in detector.scores([each.text for each in examples]))

        assert value_of("f1", "refusal", list(examples)) >= 0.93
        assert abs(refused - sum(each.label for each in examples)) <= 0.03 * len(examples)


def test_jailbreaks_are_told_from_benign_prompts(shared: Path) -> None:
    unseen = train("injection", shared).unseen

    assert value_of("roc_auc", "injection", [*unseen["in-the-wild"], *unseen["wildguard"]]) >= 0.98
    assert value_of("specificity", "injection", list(unseen["notinject"])) >= 0.9
    assert value_of("specificity", "injection", list(unseen["emails"])) >= 0.95


def test_instructions_in_documents_are_told_from_plain_mail(shared: Path) -> None:
    for examples in train("instructions", shared).unseen.values():
        assert value_of("roc_auc", "instructions", list(examples)) >= 0.85


def test_toxic_text_is_ranked_above_other_text(shared: Path) -> None:
    unseen = train("toxicity", shared).unseen

    assert value_of("roc_auc", "toxicity", list(unseen["surge"])) >= 0.88


@pytest.mark.parametrize("name", ["injection", "instructions", "refusal", "toxicity"])
def test_training_again_gives_the_same_verdicts(name: str, shared: Path) -> None:
    trained, kept = train(name, shared), open_detector(name)

    for examples in trained.unseen.values():
        texts = [each.text for each in examples]
        again, before = trained.detector.scores(texts), kept.scores(texts)
        decided = [(a >= trained.linear.threshold, b >= kept.threshold) for a, b in zip(again, before, strict=True)]
        assert sum(a != b for a, b in decided) <= 0.005 * len(decided)


def test_personal_data_is_found_token_by_token_and_training_again_finds_the_same(shared: Path) -> None:
    sentences, trained, kept = personal.labelled_sentences(shared), personal.train_pii(shared), open_detector("pii")
    unseen = [each for each in sentences if each.template % 2]
    learned = [each for each in sentences if each.template % 2 == 0]
    half = PersonalData(linear=personal.fit_tokens([*learned, *personal.prose("movie", shared)]))
    prose = [each.text for each in personal.prose("amazon", shared)][:400]

    wanted, found = [], []
    for each in unseen:
        cut = list(tokens(each.text))
        wanted += within(cut, each.spans)
        found += within(cut, half.spans(each.text))
    flagged = [flag for text in prose for flag in within(list(tokens(text)), half.spans(text))]
    again, before = (each.scores(prose) for each in (PersonalData(linear=trained), kept))

    assert 2 * sum(a and b for a, b in zip(wanted, found, strict=True)) >= 0.9 * (sum(wanted) + sum(found))
    assert sum(flagged) <= 0.01 * len(flagged)  # plain Presidio flags .025 of them
    assert sum((a >= 0.5) != (b >= 0.5) for a, b in zip(again, before, strict=True)) <= 0.005 * len(prose)
