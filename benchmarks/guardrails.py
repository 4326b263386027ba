"""Prints what the guardrail detectors find in public labelled text, beside what else works offline.

python benchmarks/guardrails.py [FOLDER of the reference data [PART...]]: some minutes; `nice -n 10` on a busy machine.
Every row is of texts that the model has not seen. For PII one is trained on even templates and measured on odd ones.
"""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import tldextract
from harness_guardrails.detectors import open_detector
from harness_guardrails.measuring import measure_scores, measure_spans
from harness_guardrails.pii import PersonalData
from harness_guardrails.recognisers import MODEL
from harness_guardrails.tokens import Span, tokens, within
from harness_guardrails.training import personal, recipes
from harness_guardrails.training.fitting import Example
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider
from profanity_check import predict_prob

from harness import Measurement
from harness.stats import infer

Spans = Callable[[str], Sequence[Span]]
PROSE = 400


def show(name: str, found: Iterable[Measurement], *metrics: str) -> None:
    """Print some metrics with their intervals of 90 %."""
    for each in found:
        if each.metric in metrics and not each.failure:
            value = infer(each.sample)
            low, high = value.interval.bounds(0.05) if value.interval else (float("nan"), float("nan"))
            print(f"{name:<44} {each.metric:<18} {value.value:.3f} ({low:.3f} to {high:.3f})  n={value.n}", flush=True)


def compare_scores(name: str, examples: Sequence[Example], scores: Sequence[float], threshold: float) -> None:
    """Print what scores are worth on labelled texts."""
    keys = pa.table({"id": list(range(len(examples)))})
    labels = [float(each.label) for each in examples]
    show(name, measure_scores(keys, labels, list(scores), threshold), "recall", "specificity", "f1", "roc_auc")


def length_matched(examples: Sequence[Example]) -> Sequence[Example]:
    """Return, for each positive, the negative nearest in length that is within a fifth of it, each used once."""
    left = sorted((each for each in examples if not each.label), key=lambda each: len(each.text))
    matched: list[Example] = []
    for each in sorted((each for each in examples if each.label), key=lambda each: len(each.text)):
        near = [other for other in left if abs(len(other.text) - len(each.text)) <= len(each.text) / 5]
        if near:
            other = min(near, key=lambda other: abs(len(other.text) - len(each.text)))
            left.remove(other)
            matched += [each, other]
    return matched


def injection(shared: Path) -> None:
    """Print what the detector of prompts finds."""
    detector, unseen = open_detector("injection"), recipes.train_injection(shared).unseen

    def score(texts: Sequence[Example]) -> Sequence[float]:
        return detector.scores([each.text for each in texts])

    both = [*unseen["in-the-wild"], *unseen["wildguard"]]
    sets = {"in-the-wild and WildGuard": both, "the same, of matched lengths": length_matched(both)}
    sets |= {name: unseen[name] for name in ("notinject", "emails", "piguard", "advbench")}
    for name, examples in sets.items():
        compare_scores(f"injection: {name}", examples, score(examples), detector.threshold)
    untrained = recipes.train_injection(shared, trigger_words=False)
    prompts = untrained.unseen["notinject"]
    scores = untrained.detector.scores([each.text for each in prompts])
    compare_scores("injection: notinject, none trained on", prompts, scores, untrained.linear.threshold)
    compare_scores("injection: length alone, in-the-wild", both, [len(each.text) for each in both], 500)


def toxicity(shared: Path) -> None:
    """Print what the detector of toxic text finds, and alt-profanity-check on the same texts."""
    detector = open_detector("toxicity")
    for name, examples in recipes.train_toxicity(shared).unseen.items():
        texts = [each.text for each in examples]
        compare_scores(f"toxicity: {name}", examples, detector.scores(texts), detector.threshold)
        compare_scores(f"  alt-profanity-check: {name}", examples, predict_prob(texts).tolist(), 0.5)


def refusal(shared: Path) -> None:
    """Print what the detector of refusals finds in answers of models that it has not learned from."""
    detector = open_detector("refusal")
    for name, examples in recipes.train_refusal(shared).unseen.items():
        scores = detector.scores([each.text for each in examples])
        compare_scores(f"refusal: {name}", examples, scores, detector.threshold)
        said = sum(score >= detector.threshold for score in scores) / len(scores)
        people = sum(each.label for each in examples) / len(examples)
        print(f"refusal: {name}: refused by the detector {said:.3f}, by people {people:.3f}")


def plain_presidio() -> Spans:
    """Return Presidio as it comes, with the same spaCy model and no look-up on the network."""
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    settings = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": MODEL}]}
    engine = NlpEngineProvider(nlp_configuration=settings).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
    return lambda text: [(each.start, each.end) for each in analyzer.analyze(text, "en")]


def pii(shared: Path) -> None:
    """Print what the detector of personal data finds on templates it has not seen, and flags in prose."""
    sentences = personal.labelled_sentences(shared)
    learned = [each for each in sentences if each.template % 2 == 0]
    unseen = [each for each in sentences if each.template % 2]
    ours = PersonalData(linear=personal.fit_tokens([*learned, *personal.prose("movie", shared)]))
    prose = [each.text for each in personal.prose("amazon", shared)][:PROSE]
    keys = pa.table({"id": list(range(len(unseen)))})
    texts, labelled = [each.text for each in unseen], [each.spans for each in unseen]
    for name, find in {"pii, odd templates": ours.spans, "  plain Presidio": plain_presidio()}.items():
        found = [find(text) for text in texts]
        show(name, measure_spans(keys, "id", texts, labelled, found), "token_precision", "token_recall", "token_f1")
        flags = [flag for text in prose for flag in within(list(tokens(text)), find(text))]
        print(f"{name}: {sum(flags) / len(flags):.4f} of {len(flags)} tokens of product reviews flagged", flush=True)


def costs(shared: Path) -> None:
    """Print milliseconds a text of product reviews, of texts given together and one by one."""
    texts = [each.text for each in personal.prose("amazon", shared)][:200]
    for name in ("injection", "refusal", "toxicity", "pii"):
        detector = open_detector(name)
        detector.scores(texts[:2])
        spent = [time.process_time()]
        for batches in ([texts], [[text] for text in texts]):
            for batch in batches:
                detector.scores(batch)
            spent.append(time.process_time())
        together, alone = ((end - start) / len(texts) * 1000 for start, end in pairwise(spent))
        print(f"{name}: {together:.1f} ms of processor a text, {alone:.1f} one by one", flush=True)


def llm_guard(shared: Path) -> None:
    """Print what LLM Guard's scanners without models find in the texts of `pii` and `injection`.

    LLM_GUARD names the interpreter of their environment; how it is made stands in llm_guard_scanners.py.
    """
    odd = [each for each in personal.labelled_sentences(shared) if each.template % 2]
    prose = [each.text for each in personal.prose("amazon", shared)][:PROSE]
    texts, name = [each.text for each in odd], "LLM Guard Anonymize, no model"
    found, flagged = scan(texts, "spans"), scan(prose, "spans")
    keys, labelled = pa.table({"id": list(range(len(odd)))}), [each.spans for each in odd]
    tokenwise = measure_spans(keys, "id", texts, labelled, found["spans"])
    show(name, tokenwise, "token_precision", "token_recall", "token_f1")
    pairs = zip(prose, flagged["spans"], strict=True)
    flags = [flag for text, spans in pairs for flag in within(list(tokens(text)), spans)]
    print(f"{name}: {sum(flags) / len(flags):.4f} of {len(flags)} tokens of product reviews flagged")
    held = [Example(text=each.text, label=int(bool(each.spans)), source="pii") for each in odd]
    for scanner in ("Regex", "Secrets"):
        compare_scores(f"LLM Guard {scanner}: pii, odd templates", held, found["flags"][scanner], 0.5)
        print(f"LLM Guard {scanner}: {sum(flagged['flags'][scanner]):.0f} of {len(prose)} reviews flagged", flush=True)
    unseen = recipes.train_injection(shared).unseen
    sets = {"in-the-wild and WildGuard": [*unseen["in-the-wild"], *unseen["wildguard"]]}
    sets |= {each: unseen[each] for each in ("notinject", "emails")}
    for each, examples in sets.items():
        for scanner, said in scan([example.text for example in examples])["flags"].items():
            compare_scores(f"LLM Guard {scanner}: {each}", examples, said, 0.5)


def scan(texts: Sequence[str], *wanted: str) -> Mapping[str, Any]:
    """Return what LLM Guard finds: flags of each scanner, and spans of personal data where they are wanted."""
    command = [os.environ["LLM_GUARD"], "-B", str(Path(__file__).with_name("llm_guard_scanners.py")), *wanted]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=True)
    found: Mapping[str, Any] = json.loads(done.stdout.rpartition("FOUND")[2])
    return found


PARTS = {"refusal": refusal, "injection": injection, "toxicity": toxicity, "costs": costs, "pii": pii}

if __name__ == "__main__":
    logging.disable(logging.WARNING)
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared")
    for part in sys.argv[2:] or PARTS:
        {**PARTS, "llm_guard": llm_guard}[part](folder)
